import pytest
from tests.kit.house import SOMEWHERE

from gatewatch.catalogue.metrics import THROTTLED
from gatewatch.catalogue.outcomes import ThrottleSubject

ACCOUNT, ADDRESS = ThrottleSubject.ACCOUNT, ThrottleSubject.ADDRESS


async def fail(home, times: int, subject=ACCOUNT, key="acc_1"):
    return [await home.throttle.failed(subject, key) for _ in range(times)]


async def admit(home, subject=ACCOUNT, key="acc_1"):
    return await home.throttle.admit(subject, key, origin=SOMEWHERE)


async def test_ten_failures_are_admitted_and_the_eleventh_is_not_looked_at(home):
    assert not any(standing.is_blocked for standing in await fail(home, 10))
    standing = await admit(home)
    assert standing.is_blocked
    assert 0 < standing.retry_after <= 2 * 15 * 60


async def test_a_failure_beyond_the_limit_is_told_apart(home):
    standings = await fail(home, 12)
    assert [standing.is_blocked for standing in standings] == [False] * 10 + [True] * 2


async def test_after_the_wait_that_was_named_one_is_admitted(home):
    await fail(home, 10)
    home.clock.advance(seconds=(await admit(home)).retry_after)
    assert not (await admit(home)).is_blocked


async def test_being_blocked_does_not_count(home):
    await fail(home, 10)
    wait = (await admit(home)).retry_after
    for _ in range(50):
        await admit(home)
    assert wait == (await admit(home)).retry_after


async def test_who_proves_to_be_in_the_right_starts_anew(home):
    await fail(home, 10)
    await home.throttle.forgive(ACCOUNT, "acc_1")
    assert not (await admit(home)).is_blocked


async def test_subjects_are_counted_apart(home):
    await fail(home, 10)
    assert not (await admit(home, ADDRESS, "acc_1")).is_blocked
    assert not (await admit(home, ACCOUNT, "acc_2")).is_blocked


async def test_who_goes_on_being_blocked_is_reported_once_a_minute(home):
    await fail(home, 10)
    for _ in range(30):
        await admit(home)
    home.clock.advance(seconds=61)
    for _ in range(30):
        await admit(home)
    rows = await home.recorded()
    assert [row.action for row in rows] == ["auth.throttle.blocked"] * 2
    assert rows[0].metadata["subject"] == "account"
    assert rows[0].ip_address == SOMEWHERE.address
    assert home.meter.value(THROTTLED, ACCOUNT) == 2


@pytest.mark.parametrize("key", ["a\0b", "\ud800", "x" * 10_000, ""])
async def test_whatever_was_typed_can_be_counted(home, key):
    await fail(home, 10, key=key)
    assert (await admit(home, key=key)).is_blocked
