"""Evidence: the log with its seals, a line of JSON for each, to be verified by anybody.

::

    {"tree": {"epoch": 1, "origin": "...", "first": 0, "size": 1043, "key": "..."}}
    {"event": {...}, "seal": {"position": 0, "event_id": "...", "digest": "...", "salt": "..."}}
    {"event": null, "seal": {...}}                                  of an event that was purged
    {"checkpoint": {"epoch": 1, "size": 3, "peaks": "...", "note": "..."}}

Octets are in Base64. Lines may come in any order: positions and sizes say theirs. An event in an
export's own words, with its seal beside them, does as well.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gatewatch.audit.leaf import Taken, digest
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow

WORDS: Final[Mapping[str, str]] = {
    "actor_id": "actor_user_id",
    "actor_name": "actor_username",
    "ip_address": "actor_ip",
    "metadata": "details",
}
"""Columns that have another name in AuthGate's words, which exports speak."""

_COLUMNS: Final = AuditRow.__struct_fields__


class TreeLine(msgspec.Struct):
    """A tree, as a line tells of it."""

    epoch: int
    origin: str
    first: int
    size: int
    key: str


class _SealLine(msgspec.Struct):
    position: int
    event_id: str
    digest: bytes
    salt: bytes | None = None
    taken: dict[str, Any] | None = None


class CheckpointLine(msgspec.Struct):
    """A checkpoint, as a line tells of it."""

    epoch: int
    size: int
    peaks: bytes
    note: str


def tree_line(tree: TreeRow, key: str) -> dict[str, Any]:
    """Tell of a tree, and the key that signs it."""
    return {"tree": TreeLine(tree.epoch, tree.origin, tree.first, tree.size, key)}


def event_line(row: AuditRow | None, seal: SealRow) -> dict[str, Any]:
    """Tell of a leaf, and its event if that is there."""
    event = None
    if row is not None:
        event = {WORDS.get(name, name): getattr(row, name) for name in _COLUMNS}
    return {"event": event, "seal": seal_part(seal)}


def seal_part(seal: SealRow) -> dict[str, Any]:
    """What an event needs beside it to be held against the tree."""
    part = {
        "position": seal.position,
        "event_id": seal.event_id,
        "digest": b64encode(seal.digest).decode(),
        "salt": None if seal.salt is None else b64encode(seal.salt).decode(),
        "taken": seal.taken,
    }
    return {name: value for name, value in part.items() if value is not None}


def checkpoint_line(row: CheckpointRow) -> dict[str, Any]:
    """Tell of a checkpoint."""
    return {"checkpoint": CheckpointLine(row.epoch, row.size, row.peaks, row.note)}


def read_tree(line: Mapping[str, Any]) -> TreeLine:
    """Read a tree's line.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return msgspec.convert(line["tree"], TreeLine)


def read_checkpoint(line: Mapping[str, Any]) -> CheckpointLine:
    """Read a checkpoint's line.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return msgspec.convert(line["checkpoint"], CheckpointLine)


def read_event(line: Mapping[str, Any]) -> tuple[AuditRow | None, SealRow]:
    """Read a leaf's line: in our words, or an export's with the seal beside them.

    Raises:
        msgspec.ValidationError: it is none.
        KeyError: it has no seal.
    """
    told = msgspec.convert(line["seal"], _SealLine)
    seal = SealRow(told.position, told.event_id, told.digest, told.salt, told.taken)
    event = line.get("event", line if "id" in line else None)
    if event is None:
        return None, seal
    values = [event.get(WORDS.get(name, name)) for name in _COLUMNS]
    return msgspec.convert(values, AuditRow), seal


def is_sealed(row: AuditRow, seal: SealRow) -> bool:
    """Say whether an event is what its seal says."""
    try:
        if seal.salt is not None:
            return row.id == seal.event_id and digest(row, seal.salt) == seal.digest
        taken = msgspec.convert(seal.taken, Taken)
        return row.id == seal.event_id and digest(row, taken) == seal.digest
    except (ValueError, TypeError, msgspec.MsgspecError):
        return False
