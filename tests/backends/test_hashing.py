import asyncio
from statistics import median
from time import perf_counter

import pytest

from gatewatch.backends.hashing import Hashing, Verified
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import (
    METRICS,
    PASSWORD_HASH_TURNED_AWAY,
    PASSWORD_HASH_WAITING,
    PASSWORD_HASHES,
)
from gatewatch.kernel.errors import Unavailable
from gatewatch.settings import PasswordSettings

QUICK = {"memory_kib": 64, "iterations": 1}


@pytest.fixture
def meter():
    return Meter(METRICS)


@pytest.fixture
async def opened(meter):
    everyone = []

    async def _opened(**settings):
        hashing = Hashing(PasswordSettings(**settings), meter)
        await hashing.open()
        everyone.append(hashing)
        return hashing

    yield _opened
    for hashing in everyone:
        await hashing.close()


async def test_a_password_matches_its_own_hash_alone(opened, meter):
    hashing = await opened()
    encoded = await hashing.hash("correct horse battery")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hashing.verify(encoded, "correct horse battery") is Verified.MATCH
    assert await hashing.verify(encoded, "correct horse batterz") is Verified.MISMATCH
    assert meter.value(PASSWORD_HASHES) == 4  # and the one that unknown accounts meet


async def test_equal_passwords_have_different_hashes(opened):
    hashing = await opened(**QUICK)
    assert await hashing.hash("one and the same") != await hashing.hash("one and the same")


async def test_a_hash_made_with_other_parameters_is_stale(opened):
    before, after = await opened(**QUICK), await opened(memory_kib=64, iterations=2)
    encoded = await before.hash("correct horse battery")
    assert await after.verify(encoded, "correct horse battery") is Verified.STALE
    assert await after.verify(encoded, "wrong") is Verified.MISMATCH


async def test_an_accent_typed_in_two_keystrokes_is_the_same_password(opened):
    hashing = await opened(**QUICK)
    encoded = await hashing.hash("cafe\u0301 au lait")
    assert await hashing.verify(encoded, "caf\u00e9 au lait") is Verified.MATCH


async def test_any_string_can_be_a_password(opened):
    hashing = await opened(**QUICK)
    for password in ("", "\0", "\ud800", "🔑" * 256):
        assert await hashing.verify(await hashing.hash(password), password) is Verified.MATCH


async def test_an_unknown_account_costs_the_same_hash_as_a_known_one(opened, meter):
    hashing = await opened()
    encoded = await hashing.hash("correct horse battery")
    for against in (encoded, None):
        before = meter.value(PASSWORD_HASHES)
        assert await hashing.verify(against, "wrong") is Verified.MISMATCH
        assert meter.value(PASSWORD_HASHES) == before + 1
    *parameters, _, _ = encoded.split("$")
    assert hashing._nobodys.split("$")[:-2] == parameters


async def test_an_over_long_password_never_reaches_the_hasher(opened, meter):
    hashing = await opened(**QUICK)
    before = meter.value(PASSWORD_HASHES)
    assert await hashing.verify(None, "x" * 257) is Verified.MISMATCH
    with pytest.raises(ValueError, match="too long"):
        await hashing.hash("x" * 257)
    assert meter.value(PASSWORD_HASHES) == before


async def test_the_loop_stays_free_while_a_hundred_passwords_are_verified(opened):
    hashing = await opened(queue=100)
    lags = []

    async def watch():
        while True:
            begun = perf_counter()
            await asyncio.sleep(0.005)
            lags.append(perf_counter() - begun - 0.005)

    watching = asyncio.create_task(watch())
    outcomes = await asyncio.gather(*(hashing.verify(None, "wrong") for _ in range(100)))
    watching.cancel()
    assert outcomes == [Verified.MISMATCH] * 100
    assert median(lags) < 0.010


async def test_who_finds_the_queue_full_is_turned_away_with_a_time_to_return(opened, meter):
    hashing = await opened(threads=1, queue=3)
    answers = await asyncio.gather(
        *(hashing.verify(None, "wrong") for _ in range(10)), return_exceptions=True
    )
    turned_away = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert all("GATEWATCH_HASH_QUEUE" in answer.private for answer in turned_away)
    assert len(turned_away) == 6
    assert all(answer.retry_after >= 1 for answer in turned_away)
    assert meter.value(PASSWORD_HASH_TURNED_AWAY) == 6
    assert meter.value(PASSWORD_HASH_WAITING) == 0


async def test_who_gives_up_leaves_the_queue_and_frees_no_thread_before_its_time(opened, meter):
    hashing = await opened(threads=1, queue=2)
    callers = [asyncio.create_task(hashing.verify(None, "wrong")) for _ in range(3)]
    await asyncio.sleep(0)
    assert meter.value(PASSWORD_HASH_WAITING) == 2
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    assert meter.value(PASSWORD_HASH_WAITING) == 0
    assert await hashing.verify(None, "wrong") is Verified.MISMATCH
    assert meter.value(PASSWORD_HASHES) == 3
