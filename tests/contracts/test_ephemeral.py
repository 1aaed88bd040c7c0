"""What every keeper of short-lived state does alike."""

import asyncio
import itertools
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatewatch.backends.database import Database
from gatewatch.backends.database.migrate import up
from gatewatch.backends.ephemeral import build
from gatewatch.backends.ephemeral.arithmetic import Pace
from gatewatch.backends.ephemeral.memory import MOST_KEPT, MemoryEphemeral
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import FixedClock, SystemClock

START = datetime(2026, 2, 8, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RUNS = itertools.count()
"""What an earlier example left behind is not met again."""

KINDS = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("redis", marks=pytest.mark.valkey),
]

SHARED = KINDS[1:]
"""Memory is one process's."""


@asynccontextmanager
async def opened(kind, place, clock):
    """Open one keeper; two that are opened on the same place share what they keep."""
    if kind == "memory":
        yield MemoryEphemeral(clock)
        return
    database = Database.build(place["database"])
    await database.open()
    redis_url = Secret(place["redis"]) if kind == "redis" else None
    ephemeral = build(database, redis_url=redis_url, data_dir=place["data_dir"], clock=clock)
    await ephemeral.open()
    yield ephemeral
    await ephemeral.close()
    await database.close()


@pytest.fixture
def place(kind, request, tmp_path):
    url = f"sqlite:///{tmp_path}/gatewatch.db"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    redis_url = request.getfixturevalue("valkey_url") if kind == "redis" else None
    if kind != "memory":
        up(url)
    return {"database": url, "redis": redis_url, "data_dir": tmp_path}


@pytest.fixture
def clock():
    return FixedClock(START)


@pytest.fixture
async def ephemeral(kind, place, clock):
    async with opened(kind, place, clock) as ephemeral:
        yield ephemeral


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


async def test_it_answers(ephemeral):
    await ephemeral.ping()


async def test_a_value_is_there_until_it_is_taken(ephemeral):
    await ephemeral.put("a", b"\x00one", MINUTE)
    await ephemeral.put("a", b"\x00two", MINUTE)
    assert await ephemeral.peek("a") == b"\x00two"
    assert await ephemeral.take("a") == b"\x00two"
    assert await ephemeral.take("a") is None
    assert await ephemeral.peek("a") is None


async def test_a_value_is_taken_once_however_many_try(ephemeral):
    await ephemeral.put("a", b"one", MINUTE)
    taken = await asyncio.gather(*(ephemeral.take("a") for _ in range(20)))
    assert sorted(taken, key=str) == [None] * 19 + [b"one"]


async def test_everything_ends_when_its_time_is_up(kind, ephemeral, clock):
    """Redis has a clock of its own, so its times are short ones that really pass."""
    ttl = timedelta(milliseconds=50) if kind == "redis" else MINUTE
    await ephemeral.put("a", b"one", ttl)
    assert await ephemeral.lease("a", "me", ttl)
    await ephemeral.pace("a", interval=5, step=5, ttl=ttl)
    await ephemeral.count("a", window=ttl)
    if kind == "redis":
        await asyncio.sleep(0.12)
        clock.advance(seconds=0.12)
    else:
        clock.advance(minutes=2)
    assert await ephemeral.peek("a") is None
    assert await ephemeral.take("a") is None
    assert await ephemeral.lease("a", "you", ttl)
    assert await ephemeral.pace("a", interval=5, step=5, ttl=ttl) == Pace(
        too_soon=False, interval=5
    )
    assert (await ephemeral.counted("a", window=ttl)).n == 0


async def test_a_lease_has_one_holder_until_it_is_given_back(ephemeral):
    holders = [f"holder {number}" for number in range(20)]
    won = await asyncio.gather(*(ephemeral.lease("a", holder, HOUR) for holder in holders))
    assert sum(won) == 1
    winner, loser = holders[won.index(True)], holders[won.index(False)]
    assert await ephemeral.lease("a", winner, HOUR)
    await ephemeral.release("a", loser)
    assert not await ephemeral.lease("a", loser, HOUR)
    await ephemeral.release("a", winner)
    assert await ephemeral.lease("a", loser, HOUR)


async def test_what_is_counted_slides_out_of_sight(ephemeral, clock):
    for number in range(10):
        counted = await ephemeral.count("a", window=HOUR)
        assert counted.n == number + 1
    assert (await ephemeral.counted("a", window=HOUR)).n == 10
    assert (await ephemeral.counted("b", window=HOUR)).n == 0
    clock.advance(minutes=75)
    assert (await ephemeral.counted("a", window=HOUR)).n == 8
    assert (await ephemeral.count("a", window=HOUR)).n == 9
    clock.advance(minutes=45)
    assert (await ephemeral.counted("a", window=HOUR)).n == 1
    await ephemeral.forget("a")
    assert (await ephemeral.counted("a", window=HOUR)).n == 0


async def test_no_count_is_lost_among_many(ephemeral):
    counts = await asyncio.gather(*(ephemeral.count("a", window=HOUR) for _ in range(20)))
    assert sorted(counted.n for counted in counts) == list(range(1, 21))


async def test_a_poll_too_soon_makes_all_further_ones_wait_longer(ephemeral, clock):
    async def poll():
        return await ephemeral.pace("a", interval=5, step=5, ttl=HOUR)

    assert await poll() == Pace(too_soon=False, interval=5)
    clock.advance(seconds=5)
    assert await poll() == Pace(too_soon=False, interval=5)
    clock.advance(seconds=4.999)
    assert await poll() == Pace(too_soon=True, interval=10)
    clock.advance(seconds=9)
    assert await poll() == Pace(too_soon=True, interval=15)
    clock.advance(seconds=15)
    assert await poll() == Pace(too_soon=False, interval=15)


async def test_of_many_polls_at_once_one_is_in_time(ephemeral):
    paces = await asyncio.gather(
        *(ephemeral.pace("a", interval=5, step=5, ttl=HOUR) for _ in range(20))
    )
    assert sorted(pace.interval for pace in paces) == [5 * number for number in range(1, 21)]
    assert [pace.interval for pace in paces if not pace.too_soon] == [5]


async def test_many_keys_are_paced_apart(ephemeral):
    keys = [f"key {number}" for number in range(50)]
    for too_soon in (False, True):
        paces = await asyncio.gather(
            *(ephemeral.pace(key, interval=5, step=5, ttl=HOUR) for key in keys)
        )
        assert [pace.too_soon for pace in paces] == [too_soon] * 50


async def test_a_caller_who_gives_up_harms_nobody(ephemeral):
    hasty = asyncio.create_task(ephemeral.count("a", window=HOUR))
    patient = [asyncio.create_task(ephemeral.count("b", window=HOUR)) for _ in range(5)]
    await asyncio.sleep(0)
    hasty.cancel()
    assert {(await task).n for task in patient} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("kind", SHARED)
async def test_what_was_kept_is_still_there_for_who_opens_it_next(kind, place, clock):
    async with opened(kind, place, clock) as first, opened(kind, place, clock) as second:
        await first.put("a", b"one", HOUR)
        await first.count("a", window=HOUR)
        assert await second.take("a") == b"one"
        assert await first.take("a") is None
        assert (await second.count("a", window=HOUR)).n == 2


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["count", "counted", "pace", "forget"]),
            st.sampled_from(["a", "b"]),
            st.integers(0, 90_000),
        ),
        max_size=25,
    ),
)
async def test_all_keepers_agree_with_the_one_in_memory(kind, place, steps):
    clock, run = FixedClock(START), next(RUNS)
    async with opened(kind, place, clock) as ephemeral:
        memory = MemoryEphemeral(clock)
        for verb, name, milliseconds in steps:
            key = f"{name} {run}"
            clock.advance(milliseconds=milliseconds)
            answers = [await _ask(keeper, verb, key) for keeper in (memory, ephemeral)]
            assert answers[0] == answers[1]


async def _ask(keeper, verb, key):
    match verb:
        case "count":
            return await keeper.count(key, window=MINUTE)
        case "counted":
            return await keeper.counted(key, window=MINUTE)
        case "pace":
            return await keeper.pace(key, interval=20, step=5, ttl=timedelta(days=1))
        case _:
            return await keeper.forget(key)


_COUNT_AND_TAKE = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from gatewatch.backends.database import Database
from gatewatch.backends.ephemeral import build
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import SystemClock

async def main(url, redis, data_dir):
    database = Database.build(url)
    await database.open()
    redis_url = Secret(redis) if redis else None
    kept = build(database, redis_url=redis_url, data_dir=Path(data_dir), clock=SystemClock())
    await kept.open()
    day = timedelta(days=365)
    counts = await asyncio.gather(*(kept.count("a", window=day) for _ in range(200)))
    taken = await asyncio.gather(*(kept.take(f"v{number}") for number in range(50)))
    print(len({each.n for each in counts}), sum(value is not None for value in taken))
    await kept.close()
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", SHARED)
async def test_processes_share_one_count_and_never_take_the_same(kind, place):
    clock = SystemClock()
    async with opened(kind, place, clock) as ephemeral:
        for number in range(50):
            await ephemeral.put(f"v{number}", b"one", HOUR)
        arguments = (place["database"], place["redis"] or "", str(place["data_dir"]))
        started = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", _COUNT_AND_TAKE, *arguments, stdout=subprocess.PIPE
            )
            for _ in range(2)
        ]
        printed = [(await process.communicate())[0].split() for process in started]
    assert [int(counts) for counts, _ in printed] == [200, 200]
    assert sum(int(taken) for _, taken in printed) == 50
    async with opened(kind, place, clock) as ephemeral:
        final = await ephemeral.count("a", window=timedelta(days=365))
    assert final.current + final.previous == 401


async def test_memory_lets_the_oldest_go_first(clock):
    memory = MemoryEphemeral(clock)
    for number in range(MOST_KEPT + 1):
        await memory.put(str(number), b"", HOUR)
    assert await memory.peek("0") is None
    assert await memory.peek("1") == b""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_what_is_over_is_swept_away(ephemeral, clock):
    await ephemeral.put("old", b"", MINUTE)
    await ephemeral.put("new", b"", HOUR)
    clock.advance(minutes=2)
    await ephemeral.sweep()
    clock.advance(minutes=-2)
    assert await ephemeral.peek("old") is None
    assert await ephemeral.peek("new") == b""
