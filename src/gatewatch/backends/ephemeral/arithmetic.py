"""What the counts and the cadence are, whatever keeps them: whole milliseconds, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window, kept as two fixed ones: that which `start` begins, and the one before."""

    start: int
    current: int
    previous: int


EMPTY: Final = Window(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened within the last `length` milliseconds.

    What happened in the fixed window before counts for the share of it that is still in sight.
    """

    length: int
    elapsed: int
    current: int
    previous: int

    @staticmethod
    def of(window: Window, length: int, now: int) -> "Count":
        """Look at a window that has been rolled to now."""
        elapsed = min(max(now - window.start, 0), length)
        return Count(length, elapsed, window.current, window.previous)

    @property
    def n(self) -> int:
        """How often, rounded up."""
        return self.current + _ceil(self.previous * (self.length - self.elapsed), self.length)

    @property
    def resets_in(self) -> int:
        """Seconds until it is one less, if nothing more happens; 0 if there is nothing."""
        return self.falls_below(self.n) if self.n else 0

    def falls_below(self, limit: int) -> int:
        """Seconds until `n` is less than a limit of at least 1, if nothing more happens."""
        if self.n < limit:
            return 0
        spare = limit - 1 - self.current
        if spare >= 0:
            at = _ceil(self.length * (self.previous - spare), self.previous)
        else:
            at = self.length + _ceil(self.length * -spare, self.current)
        return _ceil(at - self.elapsed, _EPOCH_MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Cadence:
    """When something was last asked for, and how many seconds are to pass between two times."""

    polled_at: int
    interval: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Whether a poll came too soon, and the interval in seconds that holds from now on."""

    too_soon: bool
    interval: int


def window_start(now: int, length: int) -> int:
    """Say when the fixed window began that now is in."""
    return now - now % length


def rolled(window: Window, start: int, length: int) -> Window:
    """Move a window on to where it is now; one ahead of us, by another's clock, stays."""
    if window.start >= start:
        return window
    if window.start == start - length:
        return Window(start, 0, window.current)
    return Window(start, 0, 0)


def bumped(window: Window) -> Window:
    """Count one more."""
    return Window(window.start, window.current + 1, window.previous)


def polled(before: Cadence | None, now: int, *, interval: int, step: int) -> tuple[Cadence, Pace]:
    """Judge one poll: one that comes too soon makes all further ones wait longer.

    (RFC 8628 section 3.5, ``slow_down``.)
    """
    if before is None:
        return Cadence(now, interval), Pace(too_soon=False, interval=interval)
    too_soon = now < before.polled_at + before.interval * _EPOCH_MILLISECONDS
    agreed = before.interval + step if too_soon else before.interval
    return Cadence(now, agreed), Pace(too_soon, agreed)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * _EPOCH_MILLISECONDS)


def in_milliseconds(duration: timedelta) -> int:
    """How many milliseconds, at least one."""
    return max(1, duration // MILLISECOND)


def _ceil(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
