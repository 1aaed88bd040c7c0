"""The index: the log's words and tallies, kept moments behind it by one process at a time."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gatewatch.audit import pages, tally_store, word_store
from gatewatch.audit.feed import BEFORE_ALL, Feed
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.audit.span import FIRST, Span, earlier, span_of
from gatewatch.audit.words import Wanted, wanted_in, words_of
from gatewatch.backends.database import Database, Engine, Taken
from gatewatch.backends.telemetry.logs import Log, logger

FEW: Final = 200
"""Events indexed in one transaction: a few milliseconds' work."""

BREATH: Final = 0.02
"""Seconds between two such transactions, for everybody else."""

EVERY: Final = 1.0
"""Seconds between two looks at whether there is more."""

LATE: Final = timedelta(seconds=10)
"""By how much an event may reach the log later than one that happened after it."""

_READ: Final = (100, 400, 1_600, 6_400)
"""Events read at a time when the log itself is read, so that few are read in vain."""

_log: Final[Log] = logger("gatewatch.audit")


@dataclass(slots=True)
class Words:
    """Finds events by their words, and keeps the index of these."""

    database: Database
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def open(self) -> None:
        """Begin to follow the log."""
        self._task = asyncio.create_task(self._follow(), name="gatewatch audit words")

    async def close(self) -> None:
        """Stop, between two transactions."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run_once(self) -> int:
        """Index all that is sealed and not yet indexed; how many events that were."""
        done = 0
        while few := await self._index_few():
            done += few
            await asyncio.sleep(BREATH)
        return done

    async def page(
        self, search: Search, *, count: int, before: str | None = None, after: str | None = None
    ) -> list[AuditRow]:
        """A page as `pages.page` gives it, of the events that have the search's words, too."""
        if search.search is None:
            return await pages.page(self.database, search, count=count, before=before, after=after)
        wanted = wanted_in(search.search)
        if not wanted:
            return []
        newest = after is None
        span = span_of(search, before, after)
        ids = await word_store.matching(self.database, wanted, span, newest=newest)
        told = await self._told(search, ids, span, count, newest=newest)
        if len(ids) == word_store.RARE and (
            len(told) < count or self.database.engine is Engine.POSTGRES
        ):
            return await self._read(search, wanted, count, before, after)
        unseen = await self._unseen(search, wanted, span)
        both = {row.id: row for row in (*told, *unseen)}
        ordered = sorted(both.values(), key=lambda row: row.id, reverse=True)
        return ordered[:count] if newest else ordered[-count:]

    async def _told(
        self, search: Search, ids: list[str], span: Span, count: int, *, newest: bool
    ) -> list[AuditRow]:
        return await pages.page(
            self.database,
            search,
            count=count,
            before=span.highest,
            after=None if newest else span.lowest,
            among=ids,
        )

    async def _unseen(self, search: Search, wanted: Wanted, span: Span) -> list[AuditRow]:
        """Read the events that may not be indexed yet: the newest of all."""
        seen = await word_store.progress(self.database)
        since = max(earlier(seen[1], LATE) if seen else FIRST, span.lowest)
        if since >= span.highest:
            return []
        found: list[AuditRow] = []
        before: str | None = span.highest
        for count in _READ:
            rows = await pages.page(self.database, search, count=count, before=before)
            found += [row for row in rows if row.id > since and wanted.is_met_by(row)]
            if len(rows) < count or rows[-1].id <= since:
                break
            before = rows[-1].id
        return found

    async def _read(
        self,
        search: Search,
        wanted: Wanted,
        count: int,
        before: str | None,
        after: str | None,
    ) -> list[AuditRow]:
        """Read the log itself, until there are enough."""
        found: list[AuditRow] = []
        amounts = iter(_READ)
        amount = 0
        while len(found) < count:
            amount = next(amounts, amount)
            rows = await pages.page(self.database, search, count=amount, before=before, after=after)
            matching = [row for row in rows if wanted.is_met_by(row)]
            found = found + matching if after is None else matching + found
            if len(rows) < amount:
                break
            before, after = (rows[-1].id, None) if after is None else (before, rows[0].id)
        return found[:count] if after is None else found[-count:]

    async def _follow(self) -> None:
        while True:
            try:
                await self.run_once()
            except Exception as error:  # noqa: BLE001 - the next look is another chance
                _log.warning("the audit log's words could not be indexed: %r", error)
            await asyncio.sleep(EVERY)

    async def _index_few(self) -> int:
        """Index the next few events; none if another process was quicker."""
        seen = await word_store.progress(self.database)
        position, newest = seen or (BEFORE_ALL, FIRST)
        stretch = await Feed(self.database).after(position, FEW)
        if stretch.end == position:
            return 0
        words = [(each.row.id, " ".join(words_of(each.row))) for each in stretch.records]
        newest = max([newest, *(event_id for event_id, _ in words)])
        tallies = tally_store.tallies_of(each.row for each in stretch.records)
        try:
            async with self.database.work() as work:
                if seen is None:
                    await word_store.begin(work, stretch.end, newest)
                elif not await word_store.advance(
                    work, before=position, after=stretch.end, newest=newest
                ):
                    return 0
                await word_store.add(work, self.database.engine, words)
                await tally_store.add(work, self.database.engine, tallies)
        except Taken:
            return 0
        return stretch.end - position
