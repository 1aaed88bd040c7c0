"""The audit log as a reader has it: pages of what happened, and who looked at them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from gatewatch.audit import store
from gatewatch.audit.indexer import Words
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Choice, Search, only
from gatewatch.audit.span import earlier
from gatewatch.audit.statistics import Statistics, statistics
from gatewatch.audit.story import Story, related, tell
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.audit import AuditViewed
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.time import Clock

BESIDE: Final = 5
"""Events before, and after, that are shown beside one."""

MOST_OF_REQUEST: Final = 100
"""Events of one request, or one session, that are told."""


AT_ONCE: Final = 500
"""Events told at once to those who watch."""

LATE: Final = timedelta(seconds=5)
"""By how much an event may become a row later than one that happened after it."""


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
class Neighbours:
    """What happened around an event, newest first."""

    request: tuple[AuditRow, ...] = ()
    session: tuple[AuditRow, ...] = ()
    actor: tuple[AuditRow, ...] = ()


class Watch:
    """Tells of events as they become rows, each once, also when some are late by seconds."""

    def __init__(self, words: Words, search: Search, after: str) -> None:
        self._words = words
        self._search = search
        self._after = after
        self._newest = after
        self._seen: set[str] = set()

    async def more(self) -> list[AuditRow]:
        """What has become a row since it was asked last, the oldest first."""
        rows = await self._words.page(self._search, count=AT_ONCE, after=self._after)
        fresh = [row for row in reversed(rows) if row.id not in self._seen]
        self._seen |= {row.id for row in rows}
        if rows:
            self._newest = max(self._newest, rows[0].id)
        # A full page is gone on from; else the last seconds are looked at again.
        again = self._newest if len(rows) == AT_ONCE else earlier(self._newest, LATE)
        self._after = max(self._after, again)
        self._seen = {event_id for event_id in self._seen if event_id > self._after}
        return fresh


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Reads the audit log. Reading it is an event too."""

    database: Database
    journal: Journal
    words: Words
    clock: Clock

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

    async def around(self, row: AuditRow) -> Neighbours:
        """What else happened in the same request, in the same session, and by the same actor."""
        if row.request_id is None:
            request: list[AuditRow] = []
        else:
            of_request = Search(request_id=only(row.request_id))
            request = await self.words.page(of_request, count=MOST_OF_REQUEST)
        return Neighbours(
            tuple(each for each in request if each.id != row.id),
            await self._beside(row, row.session_id and Search(session_id=only(row.session_id))),
            await self._beside(row, row.actor_id and Search(actor=only(row.actor_id))),
        )

    async def _beside(self, row: AuditRow, search: Search | str | None) -> tuple[AuditRow, ...]:
        """The events just after, and just before."""
        if not isinstance(search, Search):
            return ()
        newer = await self.words.page(search, count=BESIDE, after=row.id)
        older = await self.words.page(search, count=BESIDE, before=row.id)
        return (*newer, *older)

    async def story(self, request_id: str, *, by: Actor, origin: Origin) -> Story:
        """What happened in a request, and in the session and to the device that it was about."""
        search = Search(request_id=only(request_id))
        rows = await self.words.page(search, count=MOST_OF_REQUEST)
        sessions, grants = related(rows)
        told = list(rows)
        if sessions:
            session = Search(session_id=Choice(sessions))
            told += await self.words.page(session, count=MOST_OF_REQUEST)
        if grants:
            told += await self.words.page(Search(resource_id=Choice(grants)), count=MOST_OF_REQUEST)
        self._viewed(search, len(told), by, origin)
        return tell(request_id, told)

    async def statistics(self, search: Search, *, by: Actor, origin: Origin) -> Statistics:
        """What happened in the time that a search is about."""
        now = self.clock.now()
        found = await statistics(self.database, search.start_time, search.end_time, now)
        self._viewed(search, found.total_events, by, origin)
        return found

    def watch(self, search: Search, after: str, *, by: Actor, origin: Origin) -> Watch:
        """Watch for what follows an event. That somebody does is noted once."""
        self._viewed(search, 0, by, origin)
        return Watch(self.words, search, after)

    def _viewed(self, search: Search, rows: int, by: Actor, origin: Origin) -> None:
        filters = search.named()
        self.journal.spool(AuditViewed(filters=filters, rows=rows), actor=by, origin=origin)


def _beside(rows: tuple[AuditRow, ...], index: int, direction: Direction) -> Cursor | None:
    return Cursor(direction, rows[index].id) if rows else None
