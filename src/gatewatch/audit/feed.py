"""The feed: the sealed log in the order of its seals, for those who follow it.

Ids are made before their rows are committed, and a spooled event can be hours late, so neither
ids nor times tell what a follower has not seen. Positions do: an event gets its own once it can
be read, after all that had one before, and keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatewatch.audit import leaf, seal_store
from gatewatch.audit.formats.record import Record, Seal
from gatewatch.audit.seal_store import SealRow
from gatewatch.backends.database import Database

BEFORE_ALL = -1
"""Where who wants everything begins: positions count from 0."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of the log in order."""

    records: Sequence[Record]
    """Those that are still kept."""
    end: int
    """The position of the last, kept or not."""
    purged: int
    """How many were let go."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Reads the log by position."""

    database: Database

    async def after(self, position: int, most: int) -> Stretch:
        """What follows a position, `most` at most; empty at the end of the log."""
        start = position + 1
        found = await seal_store.sealed(self.database, start, start + most)
        records = [Record(row, _seal(leaf_row)) for leaf_row, row in found if row is not None]
        end = found[-1][0].position if found else position
        return Stretch(records, end, len(found) - len(records))

    async def end(self) -> int:
        """The position of the newest event; -1 in an empty log."""
        tree = await seal_store.tree(self.database)
        return BEFORE_ALL if tree is None else tree.first + tree.size - 1

    async def before(self, moment: datetime) -> int:
        """A position that everything from a moment on comes after, as far as it is kept."""
        first = await seal_store.first_position_since(self.database, moment)
        return await self.end() if first is None else first - 1

    async def at(self, position: int) -> Record | None:
        """The event at a position, if it is kept."""
        found = (await self.after(position - 1, 1)).records
        if found and found[0].seal is not None and found[0].seal.position == position:
            return found[0]
        return None


def _seal(row: SealRow) -> Seal:
    return Seal(row.position, leaf.leaf_hash(row.event_id, row.digest))
