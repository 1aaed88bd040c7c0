"""Short-lived state in the memory of one process."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Generic, TypeVar

from gatewatch.backends.ephemeral.arithmetic import (
    EMPTY,
    Cadence,
    Count,
    Pace,
    Window,
    bumped,
    in_milliseconds,
    milliseconds,
    polled,
    rolled,
    window_start,
)
from gatewatch.kernel.time import Clock

T = TypeVar("T")

MOST_KEPT: Final = 100_000
"""Things of one sort; beyond, the oldest is let go first, whether its time is up or not."""


class MemoryEphemeral:
    """For one process: tests, examples, an embedded server without a second worker."""

    def __init__(self, clock: Clock) -> None:
        def now() -> int:
            return milliseconds(clock.now())

        self._now = now
        self._windows: _Kept[Window] = _Kept(now)
        self._cadences: _Kept[Cadence] = _Kept(now)
        self._values: _Kept[bytes] = _Kept(now)
        self._leases: _Kept[str] = _Kept(now)

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def ping(self) -> None:
        """Memory answers."""

    async def count(self, key: str, *, window: timedelta) -> Count:
        length = in_milliseconds(window)
        counted = bumped(self._window(key, length))
        self._windows.put(key, counted, 2 * length)
        return Count.of(counted, length, self._now())

    async def counted(self, key: str, *, window: timedelta) -> Count:
        length = in_milliseconds(window)
        return Count.of(self._window(key, length), length, self._now())

    async def forget(self, key: str) -> None:
        self._windows.pop(key)

    async def pace(self, key: str, *, interval: int, step: int, ttl: timedelta) -> Pace:
        before = self._cadences.find(key)
        cadence, pace = polled(before, self._now(), interval=interval, step=step)
        self._cadences.put(key, cadence, in_milliseconds(ttl))
        return pace

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        self._values.put(key, value, in_milliseconds(ttl))

    async def take(self, key: str) -> bytes | None:
        return self._values.pop(key)

    async def peek(self, key: str) -> bytes | None:
        return self._values.find(key)

    async def lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        if self._leases.find(name) not in {None, holder}:
            return False
        self._leases.put(name, holder, in_milliseconds(ttl))
        return True

    async def release(self, name: str, holder: str) -> None:
        if self._leases.find(name) == holder:
            self._leases.pop(name)

    def _window(self, key: str, length: int) -> Window:
        start = window_start(self._now(), length)
        return rolled(self._windows.find(key) or EMPTY, start, length)


class _Kept(Generic[T]):
    """Things that go when their time is up, or when there are too many."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._things: dict[str, tuple[int, T]] = {}

    def put(self, key: str, thing: T, ttl: int) -> None:
        """Keep it for so many milliseconds, as the youngest."""
        self._things.pop(key, None)
        if len(self._things) >= MOST_KEPT:
            del self._things[next(iter(self._things))]
        self._things[key] = (self._now() + ttl, thing)

    def find(self, key: str) -> T | None:
        """What is kept there and has not gone."""
        expires_at, thing = self._things.get(key, (0, None))
        if expires_at > self._now():
            return thing
        self._things.pop(key, None)
        return None

    def pop(self, key: str) -> T | None:
        """Take it away."""
        thing = self.find(key)
        self._things.pop(key, None)
        return thing
