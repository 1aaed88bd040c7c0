"""Lines on their way to a file, pipe or terminal: at once, or a few milliseconds later."""

import asyncio
import contextlib
import os
import select
import stat
import threading
from collections.abc import Iterator
from typing import Final

FLUSH_SECONDS: Final = 0.005
"""How long a line may wait for company."""
MOST_WAITING: Final = 512
"""Lines that may wait before they are written whatever the time."""
BLOCK_BYTES: Final = 1 << 16
"""How much is handed over in one write, unless the receiver is a pipe."""


class Lines:
    """Writes whole lines to a descriptor that several processes may share.

    A receiver that went away is no reason to stop serving: what it does not read is lost.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # More than this at once and a pipe may mix in lines of other processes.
        pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        self._block = select.PIPE_BUF if pipe else BLOCK_BYTES
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: bytes) -> None:
        """Write a line now, after those that wait."""
        with self._lock:
            self._waiting.append(line)
        self.flush()

    def later(self, line: bytes) -> None:
        """Write a line within `FLUSH_SECONDS`; at once outside of an event loop."""
        with self._lock:
            self._waiting.append(line)
            crowded = len(self._waiting) >= MOST_WAITING
        if crowded or not self._scheduled():
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            waiting, self._waiting, self._loop = self._waiting, [], None
            with contextlib.suppress(OSError):
                for block in _blocks(waiting, self._block):
                    _write_all(self._descriptor, block)

    def _scheduled(self) -> bool:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(FLUSH_SECONDS, self.flush)
        return True


def _blocks(lines: list[bytes], limit: int) -> Iterator[bytes]:
    """Join lines into blocks of at most `limit` bytes; a longer line is a block of its own."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        if block and size + len(line) > limit:
            yield b"".join(block)
            block, size = [], 0
        block.append(line)
        size += len(line)
    if block:
        yield b"".join(block)


def _write_all(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
