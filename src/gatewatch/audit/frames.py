"""Frames: records one after another in a file, each of which can be told whole from broken.

::

    frame   | mark (2 bytes) | length (4, little-endian) | CRC-32 (4) | payload |

The mark's byte 0xC1 occurs neither in UTF-8 nor as a type in msgpack, so what comes after a
damaged frame is found again by looking for the next mark whose checksum is right.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

MARK: Final = b"\xc1\xc1"
_HEAD: Final = struct.Struct("<2sII")
HEAD_BYTES: Final = _HEAD.size


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stretch of a file held."""

    payloads: list[bytes]
    """Of the whole frames, in order."""
    damaged: int
    """Frames that could not be read, as far as their marks tell."""
    consumed: int
    """Bytes read; what comes after is the beginning of a frame, or was not asked for."""


def framed(payload: bytes) -> bytes:
    """Put a payload in a frame."""
    return _HEAD.pack(MARK, len(payload), zlib.crc32(payload)) + payload


def read(data: bytes, *, most: int) -> Reading:
    """Read at most so many whole frames, stepping over damage that a whole frame follows.

    A beginning without an end is left alone: the rest of it may be yet to come.
    """
    payloads: list[bytes] = []
    damaged, at = 0, 0
    while len(payloads) < most and at < len(data):
        end = _end_of_frame(data, at)
        if end is None:
            found = _next_whole(data, at + 1)
            if found is None:
                break
            damaged += _marks(data, at, found)
            at = found
        else:
            payloads.append(data[at + HEAD_BYTES : end])
            at = end
    return Reading(payloads, damaged, at)


def damage(rest: bytes) -> int:
    """How many frames a file's unreadable end held; none if it is one that was never finished.

    A write cut short leaves the beginning of one frame, whose writer was never answered. Only
    what is longer, or does not begin as a frame does, was kept once and is lost.
    """
    if not rest or (_begins_frame(rest) and not _holds_all(rest)):
        return 0
    return _marks(rest, 0, len(rest))


def _end_of_frame(data: bytes, at: int) -> int | None:
    if at + HEAD_BYTES > len(data):
        return None
    mark, length, checksum = _HEAD.unpack_from(data, at)
    start = at + HEAD_BYTES
    end: int = start + length
    if mark != MARK or end > len(data) or zlib.crc32(data[start:end]) != checksum:
        return None
    return end


def _next_whole(data: bytes, at: int) -> int | None:
    at = data.find(MARK, at)
    while at >= 0:
        if _end_of_frame(data, at) is not None:
            return at
        at = data.find(MARK, at + 1)
    return None


def _begins_frame(rest: bytes) -> bool:
    return rest.startswith(MARK) or MARK.startswith(rest)


def _holds_all(rest: bytes) -> bool:
    return len(rest) >= HEAD_BYTES and len(rest) >= HEAD_BYTES + _HEAD.unpack_from(rest)[1]


def _marks(data: bytes, start: int, end: int) -> int:
    return max(1, data.count(MARK, start, end))
