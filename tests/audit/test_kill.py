"""Killed at any moment, a worker loses no event that it answered for."""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.audit.desk import account
from tests.audit.recorder import SLOTS

from gatewatch.audit import pages
from gatewatch.audit.search import Search
from gatewatch.backends.telemetry import memory
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Durability
from gatewatch.catalogue.metrics import AUDIT_EMITTED, METRICS
from gatewatch.kernel.secrets import SystemEntropy

ROUNDS = 10
REPOSITORY = Path(__file__).parents[2]


async def killed_at_random(
    url: str, data_dir: Path, descriptor: int, number: int, slot: int = 1
) -> list[str]:
    """Run a worker for a moment; what it answered for."""
    first = str((number * SLOTS + slot) * 1_000_000)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.audit.recorder"),
        *(url, str(data_dir), str(descriptor), str(slot), first),
        stdout=subprocess.PIPE,
        pass_fds=(descriptor,),
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    answer = await process.stdout.readline()
    moment = int.from_bytes(SystemEntropy().bytes(2)) / 65536
    reading = asyncio.create_task(process.stdout.read())
    await asyncio.sleep(0.005 + 0.3 * moment**2)
    process.kill()
    answered = (answer + await reading).decode().split("\n")
    await process.wait()
    return answered[:-1]


async def in_the_table(database) -> Counter[str]:
    names: Counter[str] = Counter()
    cursor = None
    while rows := await pages.page(database, Search(), count=5000, before=cursor):
        names.update(
            str(row.resource_id if row.status == "success" else row.resource_name) for row in rows
        )
        cursor = rows[-1].id
    return names


@pytest.fixture
def descriptor():
    return memory.allot(SLOTS)


@pytest.fixture
def onlooker(descriptor) -> Meter:
    return Meter(METRICS, memory=memory.attach(descriptor), slot=0, slots=SLOTS)


async def succeed(desk, descriptor: int, slot: int) -> None:
    """Do as the replacement of a killed worker does, and stop."""
    meter = Meter(METRICS, memory=memory.attach(descriptor), slot=slot, slots=SLOTS)
    successor = desk.journal(meter, slot=slot, slots=SLOTS)
    await successor.open()
    await successor.close()


@pytest.mark.slow
async def test_killed_again_and_again_every_answered_event_is_there_exactly_once(
    desk, database, database_url, descriptor, onlooker
):
    answered: list[str] = []
    for number in range(ROUNDS):
        answered += await killed_at_random(database_url, desk.data_dir, descriptor, number)
    await succeed(desk, descriptor, 1)

    there = await in_the_table(database)
    assert len(answered) > ROUNDS
    assert {name: there[name] for name in answered} == dict.fromkeys(answered, 1)
    # An event may have been kept and its worker killed before it could say so: one per task.
    assert there.total() - len(answered) <= 4 * ROUNDS
    spooled = sum(count for name, count in there.items() if name.startswith("spooled"))
    assert account(onlooker) == (spooled, spooled, 0, 0)
    account(onlooker, Durability.COMMITTED)
    assert onlooker.value(AUDIT_EMITTED, Durability.COMMITTED) <= there.total() - spooled


@pytest.mark.slow
async def test_two_workers_that_write_at_once_and_are_killed_lose_nothing(
    desk, database, database_url, descriptor, onlooker
):
    answered: list[str] = []
    for number in range(3):
        both = (
            killed_at_random(database_url, desk.data_dir, descriptor, number, slot)
            for slot in (1, 2)
        )
        for names in await asyncio.gather(*both):
            answered += names
    for slot in (1, 2):
        await succeed(desk, descriptor, slot)

    there = await in_the_table(database)
    assert {name: there[name] for name in answered} == dict.fromkeys(answered, 1)
    assert set(there.values()) == {1}
    spooled = sum(name.startswith("spooled") for name in there)
    assert account(onlooker) == (spooled, spooled, 0, 0)
