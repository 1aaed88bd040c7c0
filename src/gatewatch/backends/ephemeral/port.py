"""Short-lived state that all workers share: counts, cadences, one-time values, leases.

Nothing here outlives its time, and losing all of it at a restart does no harm. Keys are text
that every database can hold, so a caller digests what somebody typed.
"""

from datetime import timedelta
from typing import Protocol

from gatewatch.backends.ephemeral.arithmetic import Count, Pace


class Ephemeral(Protocol):
    """Keeps small things for a short while."""

    async def open(self) -> None:
        """Make ready, in the event loop that will use it."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...

    async def ping(self) -> None:
        """Make sure that it answers; raises what is wrong with it."""
        ...

    async def count(self, key: str, *, window: timedelta) -> Count:
        """Count one more within a sliding window."""
        ...

    async def counted(self, key: str, *, window: timedelta) -> Count:
        """How often `key` was counted within the window."""
        ...

    async def forget(self, key: str) -> None:
        """Count from nothing again."""
        ...

    async def pace(self, key: str, *, interval: int, step: int, ttl: timedelta) -> Pace:
        """Note a poll, and say whether it came too soon after the last.

        One that does makes the interval (seconds) of this key longer by `step`.
        """
        ...

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        """Keep a value, in place of what was there."""
        ...

    async def take(self, key: str) -> bytes | None:
        """Take a value away; of many who try, one has it."""
        ...

    async def peek(self, key: str) -> bytes | None:
        """Look at a value and leave it."""
        ...

    async def lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        """Take or prolong a lease; False while another holder has it."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back, if it is this holder's."""
        ...
