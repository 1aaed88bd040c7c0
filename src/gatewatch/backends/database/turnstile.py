"""A lock between processes that nobody can hog.

Two kernel file locks: whoever waits for the second holds the first, so that the process that
just let go of the second queues behind. The kernel frees both when a process dies.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

_MODE: Final = 0o600


class Turnstile:
    """Held by one process at a time, in turn."""

    def __init__(self, beside: Path) -> None:
        self._turn = _lock_file(beside.with_name(beside.name + ".turn"))
        self._lock = _lock_file(beside.with_name(beside.name + ".lock"))

    def try_acquire(self) -> bool:
        """Take it if it is free; never waits."""
        if not _take(self._turn, fcntl.LOCK_NB):
            return False
        try:
            return _take(self._lock, fcntl.LOCK_NB)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def acquire(self) -> None:
        """Wait for it; not in an event loop."""
        _take(self._turn)
        try:
            _take(self._lock)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def release(self) -> None:
        """Let the next one in."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give it up for good."""
        os.close(self._turn)
        os.close(self._lock)


def _lock_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)


def _take(file: int, how: int = 0) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | how)
    except BlockingIOError:
        return False
    return True
