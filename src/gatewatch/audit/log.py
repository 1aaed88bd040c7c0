"""The audit log as a reader has it: pages of what happened, and who looked at them."""

from dataclasses import dataclass
from enum import StrEnum

from gatewatch.audit import store
from gatewatch.audit.indexer import Words
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.audit import AuditViewed
from gatewatch.kernel.actor import Actor, Origin


class Direction(StrEnum):
    """Which way to go on from an event."""

    OLDER = "older"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the log: beside an event, looking one way."""

    direction: Direction
    event_id: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some events, newest first, and where the pages beside them begin."""

    rows: tuple[AuditRow, ...]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Reads the audit log. Reading it is an event too."""

    database: Database
    journal: Journal
    words: Words

    async def page(
        self, search: Search, cursor: Cursor | None, size: int, *, by: Actor, origin: Origin
    ) -> LogPage:
        """The events that match: the newest `size` of them, or as many beside the cursor."""
        ahead = cursor is not None and cursor.direction is Direction.NEWER
        found = await self.words.page(
            search,
            count=size + 1,
            before=cursor.event_id if cursor and not ahead else None,
            after=cursor.event_id if cursor and ahead else None,
        )
        # One more than asked tells whether there is a page beyond; beyond is where we look.
        rows = tuple(found[-size:] if ahead else found[:size])
        more = len(found) > size
        self._viewed(search, len(rows), by, origin)
        return LogPage(
            rows,
            newer=_beside(rows, 0, Direction.NEWER) if (more if ahead else cursor) else None,
            older=_beside(rows, -1, Direction.OLDER) if ahead or more else None,
        )

    async def event(self, event_id: str, *, by: Actor, origin: Origin) -> AuditRow | None:
        """One event by its id."""
        row = await store.by_id(self.database, event_id)
        self._viewed(Search(), 0 if row is None else 1, by, origin)
        return row

    def _viewed(self, search: Search, rows: int, by: Actor, origin: Origin) -> None:
        filters = search.named()
        self.journal.spool(AuditViewed(filters=filters, rows=rows), actor=by, origin=origin)


def _beside(rows: tuple[AuditRow, ...], index: int, direction: Direction) -> Cursor | None:
    return Cursor(direction, rows[index].id) if rows else None
