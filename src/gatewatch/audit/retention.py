"""Retention: events beyond their time are let go."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewatch.audit import store
from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.audit import AuditPurged
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.time import rfc3339


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes events that are older than `keep`; of no length, it keeps them for ever."""

    database: Database
    journal: Journal
    keep: timedelta

    async def sweep(self, now: datetime) -> int:
        """Remove all that is beyond its time; how many events that were."""
        if self.keep <= timedelta(0):
            return 0
        before = now - self.keep
        removed = await store.remove(self.database, before=before)
        if removed:
            event = AuditPurged(rows=removed, older_than=rfc3339(before))
            self.journal.spool(event, actor=SYSTEM, origin=NOWHERE)
        return removed
