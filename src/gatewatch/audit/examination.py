"""The examination of a sealed log: everything is computed anew and held against what was signed.

Leaves come in the order of their positions, with the checkpoints among them. Between each two
checkpoints the tree is examined by itself, for its peaks at either end are signed with its root:
so one place that was tampered with does not hide another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from gatewatch.audit.evidence import is_sealed
from gatewatch.audit.findings import Kind, Report
from gatewatch.audit.leaf import leaf_hash
from gatewatch.audit.note import Checkpoint, NotANoteError, UnsignedError, Verifier
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow
from gatewatch.audit.tree import Tree

_MILLISECONDS: Final = slice(4, 16)
"""Where an event's id says when it was made."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is there, and that cannot be read."""


Event = AuditRow | Unreadable | None
"""What stands for a leaf in the log; None if nothing does."""


@dataclass(slots=True)
class _Numbers:
    """Which numbers of an emitter's were seen: all up to one, without some, and some beyond."""

    upto: int = 0
    missing: set[int] = field(default_factory=set)
    events: int = 0
    vouched: int = 0

    def see(self, row: AuditRow) -> bool:
        """See a number; False if it was seen before."""
        number = row.sequence
        self.events += 1
        if row.kept_before >= self.vouched:
            self.vouched = row.kept_before + 1
        if number == self.upto + 1:
            self.upto = number
        elif number > self.upto:
            self.missing.update(range(self.upto + 1, number))
            self.upto = number
        elif number in self.missing:
            self.missing.discard(number)
        else:
            return False
        return True


class Examination:
    """Examines a log, a page of leaves at a time.

    Args:
        public: the key that checkpoints are signed with
        horizon: until when events were purged, as the log itself says
    """

    def __init__(self, public: bytes, horizon: datetime | None) -> None:
        self.report = Report()
        self._public = public
        self._horizon = horizon
        self._tree: TreeRow
        self._grown = Tree()
        self._bracket: list[tuple[int, str]] = []
        self._broken = False
        self._emitters: dict[str, _Numbers] = {}
        self._gaps_told: set[str] = set()
        self._unread = 0

    def begin(self, tree: TreeRow) -> None:
        """Go on to a tree."""
        self._tree = tree
        self._grown = Tree()
        self._bracket, self._broken = [], False
        self.report.trees.append(f"{tree.origin} {tree.size}")

    def page(
        self,
        start: int,
        end: int,
        leaves: Sequence[tuple[SealRow, Event]],
        checkpoints: Iterable[CheckpointRow],
    ) -> None:
        """Examine the leaves from a position to before another, and the checkpoints over them."""
        at = start
        place = 0
        for checkpoint in checkpoints:
            over = self._tree.first + checkpoint.size
            while place < len(leaves) and leaves[place][0].position < over:
                at = self._leaf(at, *leaves[place])
                place += 1
            self._lack(at, over)
            at = max(at, over)
            self._checkpoint(checkpoint)
        for seal, event in leaves[place:]:
            at = self._leaf(at, seal, event)
        self._lack(at, end)

    def end(self) -> None:
        """Come to the end of a tree: its last leaf is under a checkpoint."""
        if self._bracket or self._broken:
            where = (
                f"positions {self._tree.first + self._grown.size - len(self._bracket)} and after"
            )
            self.report.found(Kind.FORGED, where, "no checkpoint is signed over these leaves")

    def close(self) -> None:
        """Come to the end of the log."""
        for emitter, numbers in self._emitters.items():
            # Those that are not there, or not what they were, may be any emitter's.
            lacking = numbers.vouched - numbers.events - self._unread
            if lacking > 0 and emitter not in self._gaps_told:
                gone = _ranges(sorted(numbers.missing)) or "the last"
                self.report.found(Kind.GAP, f"{emitter}: {gone}", f"{lacking} events are missing")

    def _lack(self, at: int, end: int) -> None:
        """Note leaves that should be there."""
        if at < end:
            self._broken = True
            self._unread += end - at
            last = f" to {end - 1}" if end - at > 1 else ""
            self.report.found(Kind.UNSEALED, f"position {at}{last}", "there is no seal")

    def _leaf(self, at: int, seal: SealRow, event: Event) -> int:
        self._lack(at, seal.position)
        self._grown.append(leaf_hash(seal.event_id, seal.digest))
        self._bracket.append((seal.position, seal.event_id))
        match event:
            case AuditRow() if self._is_sealed(seal, event):
                self._number(event)
                if event.event_type in _TOLD:
                    self._told(event)
            case None:
                self._unread += 1
                self._absent(seal)
            case _:
                self._unread += 1
                where = f"position {seal.position}"
                self.report.found(
                    Kind.CHANGED, seal.event_id, f"it is not what was sealed at {where}"
                )
        return seal.position + 1

    def _is_sealed(self, seal: SealRow, row: AuditRow) -> bool:
        """Say whether an event is what was sealed."""
        self.report.events += 1
        self.report.erased += seal.salt is None
        return is_sealed(row, seal)

    def _number(self, row: AuditRow) -> None:
        numbers = self._emitters.get(row.emitter)
        if numbers is None:
            numbers = self._emitters[row.emitter] = _Numbers()
        if not numbers.see(row):
            number = f"{row.emitter} {row.sequence}"
            self.report.found(Kind.INSERTED, row.id, f"another event has its number, {number}")

    def _told(self, row: AuditRow) -> None:
        """What the log tells of itself."""
        said: dict[str, Any] = row.metadata
        if row.event_type == "AUDIT_GAP_FOUND":
            self._gaps_told.add(said["emitter"])
        told = ", ".join(f"{name} {value}" for name, value in said.items() if value)
        self.report.remarks.append(f"{row.id} {row.action}: {told}")

    def _absent(self, seal: SealRow) -> None:
        if self._horizon is not None and made_at(seal.event_id) <= self._horizon:
            self.report.purged += 1
        else:
            where = f"position {seal.position}"
            self.report.found(Kind.REMOVED, seal.event_id, f"no purge took it; it was at {where}")

    def _checkpoint(self, row: CheckpointRow) -> None:
        self.report.checkpoints += 1
        where = f"{self._tree.origin} {row.size}"
        bracket, self._bracket = self._bracket, []
        broken, self._broken = self._broken, False
        signed = self._signed(row, where)
        if signed is None:
            self._bracket, self._broken = bracket, broken
            return
        if broken or self._grown.size != row.size or self._grown.root() != signed.root:
            if not broken:
                self._locate(bracket, where)
            self._restart(row, signed, where)

    def _signed(self, row: CheckpointRow, where: str) -> Checkpoint | None:
        try:
            signed = Verifier(self._tree.origin, self._public).open(row.note)
        except (NotANoteError, UnsignedError) as error:
            self.report.found(Kind.FORGED, where, str(error))
            return None
        if signed.size != row.size:
            self.report.found(Kind.FORGED, where, f"it was signed for {signed.size} leaves")
            return None
        return signed

    def _locate(self, bracket: list[tuple[int, str]], where: str) -> None:
        """Say where the tree is not what was signed: leaves of one sealing have rising ids."""
        falls = [after for before, after in pairwise(bracket) if before[1] > after[1]]
        for position, event_id in falls:
            detail = f"position {position}: sealed after a later event, against {where}"
            self.report.found(Kind.REORDERED, event_id, detail)
        if not falls:
            before = f"positions before {self._tree.first + self._grown.size}"
            between = f"positions {bracket[0][0]} to {bracket[-1][0]}" if bracket else before
            self.report.found(Kind.RESEALED, between, f"the root is not the one of {where}")

    def _restart(self, row: CheckpointRow, signed: Checkpoint, where: str) -> None:
        """Go on from what was signed, where its peaks are known."""
        if not row.peaks:
            return
        try:
            tree = Tree.of(row.size, row.peaks)
        except ValueError:
            tree = Tree()
        if tree.root() == signed.root:
            self._grown = tree
        else:
            self.report.found(Kind.FORGED, where, "the peaks beside it are not those of its root")


_TOLD: Final = frozenset({"AUDIT_GAP_FOUND", "AUDIT_LOG_ROLLED_BACK"})


def made_at(event_id: str) -> datetime:
    """When an event was made, by its id; at the end of time, if that does not say."""
    try:
        return datetime.fromtimestamp(int(event_id[_MILLISECONDS], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _ranges(numbers: list[int]) -> str:
    """Numbers, those in a row as a range."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
