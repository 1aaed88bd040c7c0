"""Retention: events beyond their time are let go, unless somebody must be able to ask for them.

How long an event is kept follows from its class. What is let go is first written to the archive,
if there is one, a few events at a time; whoever is cut short writes those few again.
"""

import asyncio
import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gatewatch.audit import hold_store, pages, store, tally_store, word_store
from gatewatch.audit.formats import Format, Observer, Record, line
from gatewatch.audit.holds import Read, keeps
from gatewatch.audit.journal import Journal
from gatewatch.audit.kinds import Kind, kinds
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search, only
from gatewatch.audit.span import FIRST, at, time_of
from gatewatch.backends.database import Database
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.audit import AuditPurged
from gatewatch.catalogue.metrics import AUDIT_HELD, AUDIT_OLDEST
from gatewatch.catalogue.retention import RetentionClass, class_of
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.time import epoch_seconds, rfc3339
from gatewatch.settings import AuditSettings

FEW: Final = 100
"""Events removed in one transaction: few enough for a sign-in not to notice."""

BREATH: Final = 0.02
"""Seconds between two such transactions, for everybody else."""

_FOR_EVER: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes the events that are beyond their time, by class."""

    database: Database
    journal: Journal
    meter: Meter
    settings: AuditSettings
    observer: Observer
    read: Read

    def kept(self, name: RetentionClass) -> timedelta:
        """How long events of a class are kept; no time at all is for ever."""
        kept = dict(self.settings.retention_by_class).get(name, self.settings.retention)
        return kept if kept == _FOR_EVER else max(kept, self.settings.retention_floor)

    async def sweep(self, now: datetime) -> int:
        """Remove all that is beyond its time; how many events that were."""
        holds = [self.read(hold.query) for hold in await hold_store.every(self.database)]
        by_class: dict[RetentionClass, list[Kind]] = {}
        for kind in (await kinds(self.database)).values():
            by_class.setdefault(_class_of(kind), []).append(kind)
        removed = held = 0
        for name, members in by_class.items():
            if (kept := self.kept(name)) > _FOR_EVER:
                gone, left = await self._sweep_class(name, members, holds, now - kept, now)
                removed += gone
                held += left
        await self._forget_tallies(now)
        await self._measure(held)
        return removed

    async def _sweep_class(
        self,
        name: RetentionClass,
        members: Sequence[Kind],
        holds: Sequence[Search],
        before: datetime,
        now: datetime,
    ) -> tuple[int, int]:
        removed = held = 0
        archive = self._archive(name, now)
        for kind in members:
            after = FIRST
            while rows := await self._beyond(kind, before, after):
                after = rows[-1].id
                free = [row for row in rows if not any(keeps(hold, row) for hold in holds)]
                held += len(rows) - len(free)
                removed += await self._remove(free, archive)
                if len(rows) < FEW:
                    break
                await asyncio.sleep(BREATH)
        if removed:
            event = AuditPurged(
                rows=removed,
                older_than=rfc3339(before),
                retention_class=name,
                archive=None if archive is None else archive.name,
            )
            self.journal.spool(event, actor=SYSTEM, origin=NOWHERE)
        return removed, held

    async def _beyond(self, kind: Kind, before: datetime, after: str) -> list[AuditRow]:
        """The next few events of a kind that happened before a moment, the oldest first."""
        search = Search(
            event_type=only(kind.event_type),
            action=only(kind.action),
            severity=only(kind.severity),
            success=only(kind.success),
            resource_type=only(kind.resource_type),
        )
        rows = await pages.page(self.database, search, count=FEW, before=at(before, 1), after=after)
        return [row for row in reversed(rows) if row.created_at < before]

    async def _remove(self, rows: Sequence[AuditRow], archive: Path | None) -> int:
        if not rows:
            return 0
        event_ids = [row.id for row in rows]
        if archive is not None:
            seals = await pages.seals_of(self.database, event_ids)
            records = [Record(row, seals.get(row.id)) for row in rows]
            await asyncio.to_thread(_append, archive, records, self.observer)
        async with self.database.work() as work:
            gone = await store.remove(work, event_ids)
            await word_store.remove(work, self.database.engine, event_ids)
        return gone

    def _archive(self, name: RetentionClass, now: datetime) -> Path | None:
        if self.settings.archive_dir is None:
            return None
        return self.settings.archive_dir / f"audit-{name}-{now:%Y%m%dT%H%M%SZ}.ndjson.gz"

    async def _forget_tallies(self, now: datetime) -> None:
        """Statistics go back as far as the class that is kept longest."""
        kept = [self.kept(name) for name in RetentionClass]
        if _FOR_EVER not in kept:
            async with self.database.work() as work:
                await tally_store.forget(work, now - max(kept))

    async def _measure(self, held: int) -> None:
        oldest = await store.oldest(self.database)
        self.meter.set(AUDIT_HELD, held)
        self.meter.set(AUDIT_OLDEST, 0 if oldest is None else epoch_seconds(time_of(oldest)))


def _class_of(kind: Kind) -> RetentionClass:
    return class_of(kind.action, kind.severity, kind.success, kind.resource_type or None)


def _append(path: Path, records: Sequence[Record], observer: Observer) -> None:
    """Write events behind those that are there; they are on disk when this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = b"".join(line(Format.NATIVE, record, observer) + b"\n" for record in records)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, gzip.compress(lines))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
