"""Password hashing: Argon2id in a few threads of low priority, behind a queue that has an end."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import Enum, auto
from math import ceil
from typing import Final, TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import (
    PASSWORD_HASH_TURNED_AWAY,
    PASSWORD_HASH_WAITING,
    PASSWORD_HASHES,
)
from gatewatch.kernel.errors import Unavailable
from gatewatch.kernel.secrets import Entropy, SystemEntropy, url_token
from gatewatch.kernel.time import stopwatch
from gatewatch.settings import PASSWORD_MAX_LENGTH, PasswordSettings

T = TypeVar("T")

SALT_BYTES: Final = 16
"""Bytes of salt (RFC 9106 section 4)."""

HASH_BYTES: Final = 32
"""Bytes of the tag (RFC 9106 section 4)."""

NICENESS: Final = 10
"""How far the threads stand back, so that a flood of sign-ins does not slow everything else."""


class Verified(Enum):
    """What a password turned out to be."""

    MATCH = auto()
    STALE = auto()
    """It matches, and its hash was made with other parameters: hash it anew."""
    MISMATCH = auto()


class Hashing:
    """Hashes and verifies passwords without holding up the event loop.

    `workers` is how many processes share the machine's cores.
    """

    def __init__(
        self,
        settings: PasswordSettings,
        meter: Meter,
        *,
        workers: int = 1,
        entropy: Entropy | None = None,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=settings.iterations,
            memory_cost=settings.memory_kib,
            parallelism=settings.parallelism,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._entropy = entropy or SystemEntropy()
        self._threads = settings.threads or max(1, _cores() // workers)
        self._queue = settings.queue
        self._waiting = 0
        self._latest_seconds = 0.0
        self._observe = meter.bound(PASSWORD_HASHES)
        self._set_waiting = meter.bound(PASSWORD_HASH_WAITING)
        self._turn_away = meter.bound(PASSWORD_HASH_TURNED_AWAY)

    async def open(self) -> None:
        """Start the threads, and hash what unknown accounts are verified against."""
        self._pool = ThreadPoolExecutor(self._threads, "hashing", initializer=_stand_back)
        self._free = asyncio.Semaphore(self._threads)
        self._nobodys = await self.hash(url_token(self._entropy))

    async def close(self) -> None:
        """Let the hashes under way end; none is begun any more."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Hash a password for keeping, as a PHC string.

        Raises:
            ValueError: when it has more than 256 characters, which its rules must refuse before.
            Unavailable: when too many are waiting.
        """
        if len(password) > PASSWORD_MAX_LENGTH:
            raise ValueError("a password too long to be hashed")
        salt = self._entropy.bytes(SALT_BYTES)
        return await self._in_thread(lambda: self._argon2.hash(_octets(password), salt=salt))

    async def verify(self, encoded: str | None, password: str) -> Verified:
        """Compare a password with its hash; without one, take as long to find a mismatch.

        Raises:
            Unavailable: when too many are waiting.
        """
        if len(password) > PASSWORD_MAX_LENGTH:
            return Verified.MISMATCH
        against = self._nobodys if encoded is None else encoded
        matches = await self._in_thread(lambda: self._matches(against, password))
        if encoded is None or not matches:
            return Verified.MISMATCH
        return Verified.STALE if self._argon2.check_needs_rehash(encoded) else Verified.MATCH

    def _matches(self, encoded: str, password: str) -> bool:
        try:
            return self._argon2.verify(encoded, _octets(password))
        except VerifyMismatchError:
            return False

    async def _in_thread(self, task: Callable[[], T]) -> T:
        """Wait for a thread, unless too many do; a caller who gives up leaves the queue."""
        if self._free.locked() and self._waiting >= self._queue:
            self._turn_away(1)
            raise Unavailable(
                "temporarily_unavailable",
                "Too many people are signing in. Try again in a moment.",
                retry_after=ceil(self._waiting * self._latest_seconds / self._threads) or 1,
                private=f"{self._waiting} passwords wait already (GATEWATCH_HASH_QUEUE)",
            )
        self._wait(+1)
        try:
            await self._free.acquire()
        finally:
            self._wait(-1)
        running = asyncio.get_running_loop().run_in_executor(self._pool, _timed, task)
        running.add_done_callback(self._finished)
        # Shielded: when the caller gives up, the thread is still busy until the hash is done.
        return (await asyncio.shield(running))[0]

    def _wait(self, change: int) -> None:
        self._waiting += change
        self._set_waiting(self._waiting)

    def _finished(self, running: asyncio.Future[tuple[T, float]]) -> None:
        self._free.release()
        if not running.cancelled() and running.exception() is None:
            self._latest_seconds = running.result()[1]
            self._observe(self._latest_seconds)


def _timed(task: Callable[[], T]) -> tuple[T, float]:
    begun = stopwatch()
    return task(), stopwatch() - begun


def _octets(password: str) -> bytes:
    """Spell a password one way, whatever keyboard it was typed on (RFC 8265 section 4.2.2)."""
    return normalize("NFC", password).encode("utf-8", "surrogatepass")


def _stand_back() -> None:
    """Lower this thread's priority; Linux alone keeps one for each thread."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it; hashing works all the same
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
