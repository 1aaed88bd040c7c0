"""Retention: events beyond their time are let go, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from gatewatch.audit import store
from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.catalogue.events.audit import AuditPurged
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.time import Clock, rfc3339
from gatewatch.settings import AuditSettings

FEW: Final = 100
"""Events removed in one transaction: few enough for a sign-in not to notice."""
BREATH: Final = 0.02
"""Seconds between two such transactions, for everybody else."""

_log: Final[Log] = logger("gatewatch.audit")


class Retention:
    """Removes what is older than AUDIT_LOG_RETENTION, every AUDIT_LOG_CLEANUP_INTERVAL.

    Args:
        database: what the audit log is in
        journal: records what was removed
        clock: says how old an event is
        settings: how long events are kept, and how often that is looked after
        lease: asks for the turn to do it, which one process at a time is given
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        clock: Clock,
        settings: AuditSettings,
        lease: Callable[[], Awaitable[bool]],
    ) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._keep = settings.retention
        self._interval = settings.cleanup_interval
        self._lease = lease
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to look after it; there is nothing to do if events are kept for ever."""
        if self._keep > timedelta(0):
            self._task = asyncio.create_task(self._run(), name="gatewatch audit retention")

    async def close(self) -> None:
        """Stop, between two transactions."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def sweep(self) -> int:
        """Remove all that is beyond its time; how many events that were."""
        if self._keep <= timedelta(0):
            return 0
        before = self._clock.now() - self._keep
        removed = 0
        while gone := await store.remove(self._database, before=before, most=FEW):
            removed += gone
            await asyncio.sleep(BREATH)
        if removed:
            event = AuditPurged(rows=removed, older_than=rfc3339(before))
            self._journal.spool(event, actor=SYSTEM, origin=NOWHERE)
        return removed

    async def _run(self) -> None:
        while True:
            try:
                if await self._lease():
                    await self.sweep()
            except Exception as error:  # noqa: BLE001 - the next interval is another chance
                _log.warning("audit: events beyond their time were not removed: %r", error)
            await asyncio.sleep(self._interval.total_seconds())
