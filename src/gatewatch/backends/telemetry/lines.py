"""Lines on their way to a file, a pipe or a terminal."""

import contextlib
import os
import select
import stat
import threading
from collections.abc import Iterator
from typing import Final

MOST_HELD: Final = 512
"""Lines that may be held before they are written whatever the time."""
BLOCK_BYTES: Final = 1 << 16
"""How much is handed over in one write, unless the receiver is a pipe."""

_CLOSED: Final = -1
"""No descriptor: what is written to it is lost."""


class Lines:
    """Writes whole lines to a descriptor that several processes may share.

    A receiver that went away is no reason to stop serving: what it does not read is lost.
    """

    def __init__(self, descriptor: int) -> None:
        # One of our own: were the stream closed, its number would soon be some other file's,
        # such as the database's.
        self._descriptor = os.dup(descriptor)
        # More than this at once and a pipe may mix in lines of other processes.
        pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        self._block = select.PIPE_BUF if pipe else BLOCK_BYTES
        self._lock = threading.Lock()
        self._held: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Write a line now, after those that are held."""
        self.hold(line)
        self.flush()

    def hold(self, line: bytes) -> bool:
        """Keep a line until the next `flush`; says whether that should be now."""
        with self._lock:
            self._held.append(line)
            return len(self._held) >= MOST_HELD

    def close(self) -> None:
        """Write what is held, and let go of the descriptor."""
        self.flush()
        descriptor, self._descriptor = self._descriptor, _CLOSED
        os.close(descriptor)

    def flush(self) -> None:
        """Write what is held."""
        with self._lock, contextlib.suppress(OSError):
            held, self._held = self._held, []
            for block in _blocks(held, self._block):
                _write_all(self._descriptor, block)


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
