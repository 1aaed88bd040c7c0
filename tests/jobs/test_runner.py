"""A job is done once in its interval, whoever asks, and again when it failed."""

import asyncio
from datetime import timedelta

import pytest
from tests.kit.house import NOON

from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import JOB_FAILURES, JOB_LAST_SUCCESS, METRICS
from gatewatch.catalogue.outcomes import JobName
from gatewatch.jobs import runner as runner_module
from gatewatch.jobs.runner import TURN, Job, Runner
from gatewatch.kernel.time import FixedClock

NAME = JobName.EXPIRE_TOKENS
HOUR = timedelta(hours=1)


class Chore:
    """What is to be done; says when it was begun, and goes on when told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.trouble: Exception | None = None
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> None:
        self.begun += 1
        if self.trouble is not None:
            raise self.trouble
        await self.may_end.wait()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(runner_module, "TICK", timedelta(milliseconds=5))


@pytest.fixture
def clock():
    return FixedClock(NOON)


@pytest.fixture
def ephemeral(clock):
    return MemoryEphemeral(clock)


@pytest.fixture
def meter():
    return Meter(METRICS)


@pytest.fixture
async def chore():
    return Chore()


@pytest.fixture
async def process(ephemeral, meter, clock, chore):
    """Make as many processes as one likes, over one store of what was done."""
    made = []

    async def make(name: str) -> Runner:
        runner = Runner((Job(NAME, HOUR, chore),), ephemeral, meter, clock, holder=name)
        made.append(runner)
        await runner.open()
        return runner

    yield make
    for each in made:
        await each.close()


async def a_few_ticks() -> None:
    await asyncio.sleep(0.05)


async def test_it_is_done_once_in_its_interval_by_one_of_many(process, chore, clock):
    for number in range(4):
        await process(f"worker {number}")
    await a_few_ticks()
    assert chore.begun == 1

    clock.advance(minutes=59)
    await a_few_ticks()
    assert chore.begun == 1

    clock.advance(minutes=1)
    await a_few_ticks()
    assert chore.begun == 2


async def test_nobody_begins_while_another_has_the_turn(process, chore, clock, ephemeral):
    chore.may_end.clear()
    await process("one")
    await process("two")
    await a_few_ticks()
    assert chore.begun == 1

    chore.may_end.set()
    await a_few_ticks()
    assert chore.begun == 1
    assert await ephemeral.lease(f"job:{NAME}", "three", TURN)


async def test_who_dies_during_the_turn_is_followed_when_it_is_over(
    process, chore, clock, ephemeral
):
    await ephemeral.lease(f"job:{NAME}", "the dead", TURN)
    await process("heir")
    await a_few_ticks()
    assert chore.begun == 0

    clock.advance(seconds=TURN.total_seconds())
    await a_few_ticks()
    assert chore.begun == 1


async def test_who_is_stopped_gives_the_turn_back(process, chore):
    chore.may_end.clear()
    first = await process("first")
    await a_few_ticks()
    await first.close()
    chore.may_end.set()

    await process("second")
    await a_few_ticks()
    assert chore.begun == 2


async def test_a_failure_is_logged_and_counted_and_tried_again(process, chore, meter, caplog):
    chore.trouble = RuntimeError("not today")
    await process("one")
    await a_few_ticks()
    assert chore.begun > 1
    assert chore.begun == meter.value(JOB_FAILURES, NAME)
    assert meter.value(JOB_LAST_SUCCESS, NAME) == 0
    assert "expire_tokens failed: RuntimeError('not today')" in caplog.text

    chore.trouble = None
    tries = chore.begun
    await a_few_ticks()
    assert chore.begun == tries + 1
    assert meter.value(JOB_LAST_SUCCESS, NAME) == NOON.timestamp()


async def test_a_new_process_knows_when_it_was_last_done(process, chore, ephemeral, clock):
    await process("old")
    await a_few_ticks()
    clock.advance(minutes=30)
    fresh = Meter(METRICS)
    heir = Runner((Job(NAME, HOUR, chore),), ephemeral, fresh, clock, holder="new")
    await heir.open()
    await a_few_ticks()
    await heir.close()

    assert fresh.value(JOB_LAST_SUCCESS, NAME) == NOON.timestamp()
    assert chore.begun == 1


async def test_a_short_command_does_none(process, chore):
    command = await process("command")
    await command.close()
    assert chore.begun == 0
