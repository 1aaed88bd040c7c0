"""Gaps: events that were removed before they could be sealed.

Each event says how many events of its emitter were rows for good when it was made. Whoever seals
counts what comes; as soon as fewer have come than that, some were removed. Numbers alone would not
tell: a change that loses its guard uses one up.

What is unnoticed here is the removal of what nothing came after: the last events of a process
that was killed, within the seconds before they were sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from gatewatch.audit.row import AuditRow
from gatewatch.kernel.time import epoch_seconds

REMEMBERED: Final = 256
"""Emitters that are remembered at least; every command on the server's machine is one."""

FRESH: Final = 3600
"""Seconds for which an emitter is not forgotten."""

_NAME: Final = "emt_"
_MILLISECONDS: Final = slice(len(_NAME), len(_NAME) + 12)


@dataclass(slots=True)
class Count:
    """What is known of one emitter."""

    sealed: int
    """How many of its events came."""
    vouched: int
    """How many there must have been, as they say themselves."""
    seen: int
    """When its latest event was, in seconds since 1970."""


class Emitters:
    """Counts events by emitter."""

    def __init__(self, counts: dict[str, Count] | None = None) -> None:
        self._counts = counts or {}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `written` wrote."""
        return cls({name: Count(*count) for name, count in document.items()})

    def written(self) -> dict[str, list[int]]:
        """All counts, as JSON can hold them, without emitters that are long gone."""
        if len(self._counts) > REMEMBERED:
            self._forget()
        return {
            name: [count.sealed, count.vouched, count.seen] for name, count in self._counts.items()
        }

    def copy(self) -> "Emitters":
        """The same counts, to count on by themselves."""
        return Emitters.read(self.written())

    def count(self, row: AuditRow) -> None:
        """Count an event that is being sealed."""
        at = epoch_seconds(row.created_at)
        known = self._counts.get(row.emitter)
        if known is None:
            # Of a process that is older than our memory, what came before is not ours to judge.
            before = row.kept_before if at - _born(row.emitter, at) > FRESH else 0
            known = self._counts[row.emitter] = Count(before, 0, at)
        known.sealed += 1
        known.vouched = max(known.vouched, row.kept_before + 1)  # and itself
        known.seen = max(known.seen, at)

    def short(self) -> list[str]:
        """The emitters of which fewer events came than there were."""
        return [name for name, count in self._counts.items() if count.sealed < count.vouched]

    def settle(self, emitter: str, there: int) -> int:
        """Have it settled how many events of an emitter there are; how many are missing."""
        count = self._counts[emitter]
        missing = max(0, count.vouched - max(there, count.sealed))
        count.sealed = max(count.sealed, count.vouched)
        return missing

    def _forget(self) -> None:
        now = max(count.seen for count in self._counts.values())
        latest_first = sorted(self._counts.items(), key=lambda each: -each[1].seen)
        self._counts = {
            name: count
            for place, (name, count) in enumerate(latest_first)
            if place < REMEMBERED or now - count.seen < FRESH
        }


def missing_numbers(there: list[int]) -> list[int]:
    """The numbers that are not among these, between the first and the last."""
    found = set(there)
    return [
        each for each in range(min(there, default=0), max(there, default=0)) if each not in found
    ]


def _born(emitter: str, otherwise: int) -> int:
    """When a process began, by its name."""
    try:
        return int(emitter[_MILLISECONDS], 16) // 1000 if emitter.startswith(_NAME) else otherwise
    except ValueError:
        return otherwise
