"""A file: one line an event, appended, and on disk before the next."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gatewatch.audit.sinks.port import Delivery, NotDelivered, Parcel

MODE: Final = 0o600
"""An audit log is for its owner to read; a collector is let in by the folder's own rules."""


class FileSink:
    """Appends to a file, which may be rotated away from under it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        lines = b"".join(parcel.line + b"\n" for parcel in parcels)
        try:
            await asyncio.to_thread(_append, self._path, lines)
        except OSError as error:
            raise NotDelivered(f"{self._path}: {error.strerror or error}") from error
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        pass


def _append(path: Path, lines: bytes) -> None:
    """Write all of it, or leave the file as it was.

    The file is opened each time, so that one that was rotated away is not written to any more.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        length = os.fstat(descriptor).st_size
        try:
            # A process that was killed may have left half a line.
            if length and os.pread(descriptor, 1, length - 1) != b"\n":
                lines = b"\n" + lines
            _write_all(descriptor, lines)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, length)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, lines: bytes) -> None:
    left = memoryview(lines)
    while left:
        left = left[os.write(descriptor, left) :]
