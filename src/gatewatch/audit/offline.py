"""Verification of evidence in a file: with a public key, and without the server or its database.

The file is read twice, the second time in the order of the tree: what is kept in memory is where
each line begins, and nothing of what it says.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from gatewatch.audit import evidence
from gatewatch.audit.evidence import CheckpointLine, TreeLine
from gatewatch.audit.examination import Event, Examination, Unreadable
from gatewatch.audit.findings import Kind, Report
from gatewatch.audit.heads import epoch_of, ours
from gatewatch.audit.note import Checkpoint, Verifier
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow
from gatewatch.audit.verify import PAGE, horizon
from gatewatch.catalogue.events.audit import AuditPurged


class _Place(msgspec.Struct):
    position: int


class _What(msgspec.Struct):
    event_type: str | None = None


class _Line(msgspec.Struct):
    """As much of a line as tells what it is."""

    seal: _Place | None = None
    event: _What | None = None
    event_type: str | None = None
    tree: TreeLine | None = None
    checkpoint: CheckpointLine | None = None


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_decode: Final = msgspec.json.Decoder(_Line).decode


@dataclass(slots=True)
class _Contents:
    """What a file holds, and where."""

    positions: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    trees: list[TreeLine] = field(default_factory=list)
    checkpoints: list[CheckpointLine] = field(default_factory=list)
    purges: list[dict[str, Any]] = field(default_factory=list)


def verify(path: Path, key: Verifier, notes: Iterable[str] = ()) -> Report:
    """Examine a file of evidence.

    Args:
        path: the file, of a line of JSON for each leaf
        key: the key that must have signed
        notes: checkpoints that were signed, and are known from elsewhere

    Raises:
        OSError: the file cannot be read.
    """
    report = Report()
    with path.open("rb") as file:
        contents = _survey(file, report)
        examination = Examination(key.public, horizon(contents.purges))
        examination.report = report
        known = _known(notes, key, report)
        leaves = _Leaves(file, contents, report)
        for tree in _trees(contents, known, report):
            examination.begin(tree)
            checkpoints = _checkpoints(tree, contents.checkpoints, known)
            _examine(examination, tree, checkpoints, leaves)
            examination.end()
        leaves.close()
    examination.close()
    return report


def _survey(file: BinaryIO, report: Report) -> _Contents:
    """Read what each line is; put the lines of leaves in the order of their positions."""
    contents = _Contents()
    offset = 0
    for number, text in enumerate(file, 1):
        try:
            _note(contents, report, offset, _decode(text), text)
        except msgspec.MsgspecError:
            report.found(Kind.CHANGED, f"line {number}", "it cannot be read")
        offset += len(text)
    order = sorted(range(len(contents.positions)), key=contents.positions.__getitem__)
    contents.offsets = array("q", (contents.offsets[at] for at in order))
    contents.positions = array("q", (contents.positions[at] for at in order))
    return contents


def _note(contents: _Contents, report: Report, offset: int, line: _Line, text: bytes) -> None:
    if line.tree is not None:
        contents.trees.append(line.tree)
    elif line.checkpoint is not None:
        contents.checkpoints.append(line.checkpoint)
    elif line.seal is None:
        report.waiting += 1
    else:
        contents.positions.append(line.seal.position)
        contents.offsets.append(offset)
        kind = line.event.event_type if line.event else line.event_type
        row = _event(text)[1] if kind == AuditPurged.type else None
        if isinstance(row, AuditRow):
            contents.purges.append(row.metadata)


def _known(notes: Iterable[str], key: Verifier, report: Report) -> list[tuple[Checkpoint, str]]:
    known = []
    for note in notes:
        signed = ours(note, key)
        if signed is None:
            report.found(Kind.FORGED, note.split("\n")[0], "it is not signed by this key")
        else:
            known.append((signed, note))
    return known


def _trees(
    contents: _Contents, known: list[tuple[Checkpoint, str]], report: Report
) -> list[TreeRow]:
    """The trees that the file tells of, and those that a known checkpoint does."""
    told = {tree.origin: tree for tree in contents.trees}
    for signed, _ in known:
        itself = TreeLine(epoch_of(signed.origin), signed.origin, 0, signed.size, "")
        tree = told.setdefault(signed.origin, itself)
        if signed.size > tree.size:
            where = f"{signed.origin} {signed.size}"
            report.found(Kind.TRUNCATED, where, f"this was signed, and the file has {tree.size}")
    rows = [
        TreeRow(tree.epoch, tree.origin, "", tree.first, tree.size, {}, _NEVER)
        for tree in told.values()
    ]
    return sorted(rows, key=lambda tree: tree.epoch)


def _checkpoints(
    tree: TreeRow, told: list[CheckpointLine], known: list[tuple[Checkpoint, str]]
) -> list[CheckpointRow]:
    rows = [
        CheckpointRow(each.epoch, each.size, each.peaks, each.note, _NEVER)
        for each in told
        if each.epoch == tree.epoch and each.size <= tree.size
    ]
    rows += [
        CheckpointRow(tree.epoch, signed.size, b"", note, _NEVER)
        for signed, note in known
        if signed.origin == tree.origin and signed.size <= tree.size
    ]
    return sorted(rows, key=lambda each: (each.size, not each.peaks))


class _Leaves:
    """Reads leaves in the order of their positions."""

    def __init__(self, file: BinaryIO, contents: _Contents, report: Report) -> None:
        self._file = file
        self._contents = contents
        self._report = report
        self._at = 0

    def between(self, start: int, end: int) -> Iterator[tuple[SealRow, Event]]:
        """The leaves from one position to before another."""
        positions, offsets = self._contents.positions, self._contents.offsets
        while self._at < len(positions) and positions[self._at] < end:
            at = self._at
            self._at += 1
            if positions[at] < start:
                continue
            self._file.seek(offsets[at])
            seal, event = _event(self._file.readline())
            if at and positions[at - 1] == positions[at]:
                where = f"position {seal.position}"
                self._report.found(Kind.INSERTED, seal.event_id, f"another event is at {where}")
            else:
                yield seal, event

    def close(self) -> None:
        """Note leaves that no tree has."""
        rest = self._contents.positions[self._at :]
        if rest:
            where = f"positions {rest[0]} to {rest[-1]}"
            self._report.found(Kind.FORGED, where, "no checkpoint is signed over these leaves")


def _examine(
    examination: Examination, tree: TreeRow, checkpoints: list[CheckpointRow], leaves: _Leaves
) -> None:
    end = tree.first + tree.size
    coming = iter(checkpoints)
    held = next(coming, None)
    for start in range(tree.first, end, PAGE):
        upto = min(start + PAGE, end)
        over = []
        while held is not None and held.size <= upto - tree.first:
            over.append(held)
            held = next(coming, None)
        examination.page(start, upto, list(leaves.between(start, upto)), over)


def _event(text: bytes) -> tuple[SealRow, Event]:
    line = msgspec.json.decode(text)
    try:
        row, seal = evidence.read_event(line)
    except (msgspec.ValidationError, TypeError, AttributeError):
        place = line["seal"]["position"]
        told = line["seal"].get("event_id")
        return SealRow(place, str(told), b"", None, None), Unreadable()
    return seal, row
