"""What an examination of the sealed log brings to light."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What was done to the log."""

    CHANGED = "changed"
    """An event does not say what was sealed."""
    REMOVED = "removed"
    """An event is gone, and no purge accounts for it."""
    INSERTED = "inserted"
    """An event, or a seal, is there that was not recorded in its time."""
    REORDERED = "reordered"
    """Seals are not in the order in which they were made."""
    RESEALED = "resealed"
    """A seal was changed, inserted or removed: the tree has another root than was signed."""
    UNSEALED = "unsealed"
    """A seal is gone."""
    TRUNCATED = "truncated"
    """The tree is shorter than one that was signed."""
    FORGED = "forged"
    """A checkpoint was not signed by the key, or says what its tree does not."""
    KEY_SWAPPED = "key_swapped"
    """The key is not the one that was sealed."""
    GAP = "gap"
    """Events are missing that were removed before they could be sealed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    kind: Kind
    where: str
    """An event's id, or a place in the tree."""
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {"kind": self.kind.value, "where": self.where, "detail": self.detail}


@dataclass(slots=True)
class Report:
    """What was examined, and what came to light."""

    events: int = 0
    """Sealed events that are there."""
    purged: int = 0
    """Sealed events that were let go, as a purge in the log says."""
    erased: int = 0
    """Sealed events of which values were taken away."""
    waiting: int = 0
    """Events that are not sealed yet."""
    checkpoints: int = 0
    trees: list[str] = field(default_factory=list)
    """Each tree by its origin and its size."""
    findings: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What the log tells of itself: that it was rolled back, that a gap was found."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, kind: Kind, where: str, detail: str) -> None:
        """Note one thing that is wrong."""
        self.findings.append(Finding(kind, where, detail))

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "sound": self.sound,
            "events": self.events,
            "purged": self.purged,
            "erased": self.erased,
            "waiting": self.waiting,
            "checkpoints": self.checkpoints,
            "trees": self.trees,
            "findings": [finding.as_json() for finding in self.findings],
            "remarks": self.remarks,
        }
