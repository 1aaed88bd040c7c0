"""The spool: a file beside the database that holds events until they are rows of the audit log.

::

    segment | "GWSPOOL1" | offset of the first waiting frame (8 bytes) | frame | frame | ...

The file is the queue: what waits is read back from it, so a backlog costs disk and no memory.
One process holds a segment, by a lock that ends with the process however it ends; a segment
whose lock can be had belongs to nobody, and is adopted.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from gatewatch.audit import frames

_MAGIC: Final = b"GWSPOOL1"
_OFFSET: Final = struct.Struct("<Q")
_START: Final = len(_MAGIC) + _OFFSET.size
"""Where frames begin."""
_STRETCH: Final = 256 * 1024
"""Bytes read at once: few enough not to hold up the event loop."""
_WORTH_MOVING: Final = 1024 * 1024
"""Bytes of stored frames from which on the rest is moved to the file's front."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest waiting records."""

    payloads: list[bytes]
    """What could be read of them."""
    end: int
    """Where the next batch begins."""


class Segment:
    """One file of the spool, held by this process alone."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.waiting = 0
        """Records in it that are not yet rows."""
        self._descriptor = descriptor
        self._start = _START
        self._end = _START
        self._synced = True

    @classmethod
    def claim(cls, path: Path) -> Self | None:
        """Take hold of a segment, made if it is not there; None if another process has it."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return None
            if _is_at(descriptor, path):
                segment = cls(path, descriptor)
                segment._survey()
                return segment
            os.close(descriptor)  # its holder removed it between the two steps

    def append(self, payload: bytes) -> None:
        """Add a record; it outlives this process from here on, whatever kills it.

        Raises:
            OSError: there is no room, or the disk fails; nothing was added.
        """
        frame = frames.framed(payload)
        if os.pwrite(self._descriptor, frame, self._end) != len(frame):
            os.ftruncate(self._descriptor, self._end)
            raise OSError("the spool has no room for a whole record")
        self._end += len(frame)
        self.waiting += 1
        self._synced = False

    def peek(self, most: int) -> Batch | None:
        """The oldest records that wait, at most so many; None if none does."""
        length = _STRETCH
        while self._start < self._end:
            whole = self._end - self._start <= length
            data = self._read(self._start, min(length, self._end - self._start))
            reading = frames.read(data, most=most)
            if reading.consumed:
                return Batch(reading.payloads, self._start + reading.consumed)
            if whole:
                return Batch([], self._end)
            length *= 2
        return None

    def advance(self, batch: Batch) -> int:
        """Let go of a batch: how many records that were, unreadable ones with the last batch."""
        self._start = batch.end
        gone = self.waiting if self._start == self._end else len(batch.payloads)
        self.waiting -= gone
        with suppress(OSError):  # mark and shrinking only spare work that is harmless to repeat
            self._mark_start()
            self._shrink()
        return gone

    def sync(self) -> None:
        """Have the disk keep what was added, against a loss of power; in a thread of its own."""
        if not self._synced:
            self._synced = True
            with suppress(OSError):  # the next append will say what is wrong with the disk
                os.fdatasync(self._descriptor)

    def release(self) -> None:
        """Let go of the segment; it is removed if nothing in it waits."""
        if self._start == self._end:
            with suppress(FileNotFoundError):
                self.path.unlink()
        os.close(self._descriptor)

    def _survey(self) -> None:
        """Find what an earlier process left, and cut off a last frame that was never finished."""
        self._end = max(os.fstat(self._descriptor).st_size, _START)
        self._start = self._marked_start()
        at = self._start
        length = _STRETCH
        while at < self._end:
            data = self._read(at, min(length, self._end - at))
            reading = frames.read(data, most=len(data))
            self.waiting += len(reading.payloads) + reading.damaged
            at += reading.consumed
            if not reading.consumed and len(data) == self._end - at:
                break
            length = _STRETCH if reading.consumed else length * 2
        lost = frames.damage(self._read(at, self._end - at))
        self.waiting += lost
        if not lost:
            self._end = max(at, _START)
            os.ftruncate(self._descriptor, self._end)
        self._mark_start()

    def _marked_start(self) -> int:
        head = self._read(0, _START)
        if not head.startswith(_MAGIC) or len(head) < _START:
            return _START
        (start,) = _OFFSET.unpack_from(head, len(_MAGIC))
        return start if _START <= start <= self._end else _START

    def _mark_start(self) -> None:
        os.pwrite(self._descriptor, _MAGIC + _OFFSET.pack(self._start), 0)

    def _shrink(self) -> None:
        """Give back the room of stored frames.

        The rest is copied to the front before the old is cut off, and only then is the mark
        set: at each step the mark points at whole frames or behind the end, which means the front.
        """
        rest = self._end - self._start
        if rest and self._start < max(_WORTH_MOVING, 2 * rest + _START):
            return
        os.pwrite(self._descriptor, self._read(self._start, rest), _START)
        os.ftruncate(self._descriptor, _START + rest)
        self._start, self._end = _START, _START + rest
        self._mark_start()

    def _read(self, at: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, at)


class Spool:
    """The folder of segments, of which this process writes one.

    Args:
        folder: where the segments lie, made if it is not there
        name: what this process's segment is called; its successor's, too
        siblings: names of segments that are left to their own successors
    """

    def __init__(self, folder: Path, name: str, siblings: frozenset[str] = frozenset()) -> None:
        self._folder = folder
        self._name = name
        self._siblings = siblings
        self._held: set[Path] = set()

    def own(self) -> Segment:
        """The segment to write to, with whatever a predecessor left in it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = 1
        while (segment := self._claim(self._path(number))) is None:
            number += 1
        _sync_folder(self._folder)
        return segment

    def orphans(self) -> Iterator[Segment]:
        """Segments that nobody holds, and that no sibling's successor will ask for."""
        for path in sorted(self._folder.glob("*.seg")):
            if path.stem not in self._siblings and path not in self._held:
                segment = self._claim(path)
                if segment is not None:
                    yield segment

    def release(self, segment: Segment) -> None:
        """Let go of a segment."""
        segment.release()
        self._held.discard(segment.path)

    def _claim(self, path: Path) -> Segment | None:
        if path in self._held:
            return None
        segment = Segment.claim(path)
        if segment is not None:
            self._held.add(path)
        return segment

    def _path(self, number: int) -> Path:
        return self._folder / (f"{self._name}.seg" if number == 1 else f"{self._name}~{number}.seg")


def _sync_folder(folder: Path) -> None:
    """Have the disk keep the names of new files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
