"""The clock: the one place that reads the wall."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """Say what time it is, as an aware datetime in UTC."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to; for tests and examples."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> None:
        """Move on by the given `timedelta` arguments, such as ``minutes=5``."""
        self._at += timedelta(**by)


def epoch_seconds(moment: datetime) -> int:
    """Seconds since 1970-01-01T00:00:00Z, as JWT's NumericDate (RFC 7519 section 2)."""
    return int(moment.timestamp())


def rfc3339(moment: datetime) -> str:
    """Write a moment as ``2026-02-08T10:00:00Z`` (RFC 3339), to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stopwatch() -> float:
    """Seconds on a clock that never goes back, for measuring how long something took."""
    return time.perf_counter()
