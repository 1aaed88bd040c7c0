from hypothesis import given
from hypothesis import strategies as st

from gatewatch.backends.ephemeral.arithmetic import (
    EMPTY,
    Cadence,
    Count,
    Pace,
    Window,
    bumped,
    polled,
    rolled,
    window_start,
)

HOUR = 3_600_000
counts = st.builds(
    Count,
    length=st.just(HOUR),
    elapsed=st.integers(0, HOUR),
    current=st.integers(0, 1_000),
    previous=st.integers(0, 1_000),
)


@given(counts, st.integers(1, 2_000))
def test_the_count_is_below_a_limit_when_it_said_and_no_second_earlier(count, limit):
    seconds = count.falls_below(limit)
    assert _later(count, seconds * 1000).n < limit
    if seconds:
        assert _later(count, (seconds - 1) * 1000).n >= limit


@given(counts)
def test_the_count_is_one_less_when_it_resets(count):
    if count.n:
        assert _later(count, count.resets_in * 1000).n < count.n
    else:
        assert count.resets_in == 0


@given(st.lists(st.integers(0, 3 * HOUR), max_size=40))
def test_a_sliding_count_is_never_more_than_two_windows_hold_nor_less_than_one(gaps):
    now, window, times = 0, EMPTY, []
    for gap in gaps:
        now += gap
        times.append(now)
        window = bumped(rolled(window, window_start(now, HOUR), HOUR))
        n = Count.of(window, HOUR, now).n
        assert n <= sum(1 for time in times if time > now - 2 * HOUR)
        assert n >= sum(1 for time in times if time >= window_start(now, HOUR))


def test_a_clock_that_is_behind_counts_with_the_one_ahead():
    ahead = Window(HOUR, 3, 2)
    assert rolled(ahead, 0, HOUR) == ahead
    assert Count.of(ahead, HOUR, HOUR - 5).n == 5


def test_a_poll_by_a_clock_that_is_behind_is_too_soon():
    cadence, pace = polled(Cadence(10_000, 5), 9_000, interval=5, step=5)
    assert pace == Pace(too_soon=True, interval=10)
    assert cadence == Cadence(9_000, 10)


def _later(count, milliseconds):
    now = HOUR + count.elapsed + milliseconds
    window = Window(HOUR, count.current, count.previous)
    return Count.of(rolled(window, window_start(now, HOUR), HOUR), HOUR, now)
