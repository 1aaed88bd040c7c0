import pytest

from gatewatch.catalogue.outcomes import ThrottleVerdict
from gatewatch.identity.throttle.rules import Standing, address_key, judge

ADMITTED = Standing(ThrottleVerdict.ADMITTED)


@pytest.mark.parametrize(
    ("failures", "retry_after", "expected"),
    [
        (0, 0, ADMITTED),
        (9, 30, ADMITTED),
        (10, 30, Standing(ThrottleVerdict.BLOCKED, 30)),
        (99, 30, Standing(ThrottleVerdict.BLOCKED, 30)),
        (10, 0, Standing(ThrottleVerdict.BLOCKED, 1)),
    ],
)
def test_so_many_failures_are_too_many(failures, retry_after, expected):
    assert expected == judge(failures, 10, retry_after=retry_after)


def test_who_is_blocked_is_told_how_long_to_wait():
    refusal = Standing(ThrottleVerdict.BLOCKED, 30).refusal()
    assert refusal.code == "rate_limited"
    assert refusal.retry_after == 30


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a name", "a name"),
    ],
)
def test_one_subscriber_is_one_address(address, key):
    assert key == address_key(address)
