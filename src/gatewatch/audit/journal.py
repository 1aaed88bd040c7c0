"""The journal: every event is stamped with who, where and when, and kept once.

Committed events are rows in the transaction of the change they record. Spooled events, which
record that nothing changed, are appended to the spool before the caller is answered, and become
rows soon after. Neither is lost when the process is killed.
"""

from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from gatewatch.audit import store
from gatewatch.audit.account import Account
from gatewatch.audit.row import AuditRow, Stamp, compose
from gatewatch.audit.spool import Spool
from gatewatch.audit.writer import Writer
from gatewatch.backends.database import Change, Database, Work
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Durability, Event, Severity
from gatewatch.kernel import ids
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock
from gatewatch.settings import AuditSettings

_encode: Final = msgspec.msgpack.Encoder().encode
_log: Final[Log] = logger("gatewatch.audit")


@dataclass(frozen=True, slots=True)
class Emitter:
    """The process that records: its own name, and its place among its siblings."""

    name: str
    """Names this process, and no other that ever was."""
    slot: int = 0
    """Its slot in the metrics' memory: its successor's, too."""
    slots: int = 1


class Journal:
    """Records what happened.

    `data_dir` is the folder that has the spool in it; `meter` is moved by each event once it is
    kept, and also when the audit log is switched off.
    """

    def __init__(
        self,
        database: Database,
        meter: Meter,
        clock: Clock,
        entropy: Entropy,
        settings: AuditSettings,
        *,
        emitter: Emitter,
        data_dir: Path,
    ) -> None:
        siblings = frozenset(str(slot) for slot in range(emitter.slots) if slot != emitter.slot)
        self._meter = meter
        self._clock = clock
        self._entropy = entropy
        self._emitter = emitter.name
        self._enabled = settings.enabled
        self._sequence = 0
        self._kept = 0
        self._account = Account(meter)
        self._writer = Writer(
            database,
            Spool(data_dir / "spool", str(emitter.slot), siblings),
            self._account,
            buffer_size=settings.buffer_size,
            witness=self._stored,
        )

    async def open(self) -> None:
        """Take over what earlier processes left in the spool, and begin to write."""
        if self._enabled:
            await self._writer.open()

    async def close(self) -> None:
        """Write all that waits, then stop. What the database does not take stays in the spool."""
        if self._enabled:
            await self._writer.close()

    async def flush(self) -> None:
        """Turn what waits into rows now.

        Raises:
            Exception: the database does not take it; it goes on waiting.
        """
        if self._enabled:
            await self._writer.flush()

    async def record(
        self, unit: Work | Change, event: Event, *, actor: Actor, origin: Origin
    ) -> None:
        """Add a committed event to the unit of work, or the change, that it records.

        Raises:
            TypeError: the event is one that is spooled.
        """
        row = self._compose(event, Durability.COMMITTED, actor, origin)
        if self._enabled:
            match unit:
                case Change():
                    store.append(unit, row)
                case Work():
                    await store.append_in(unit, row)
        # In the context of this request: whoever commits for several has one of their own.
        unit.after_commit(partial(copy_context().run, self._committed, event, row))

    def spool(self, event: Event, *, actor: Actor, origin: Origin) -> None:
        """Keep a spooled event, before the caller is answered.

        Raises:
            TypeError: the event is one that is committed with the change it records.
        """
        row = self._compose(event, Durability.SPOOLED, actor, origin)
        if self._enabled:
            self._writer.append(_encode(row))
        self._happened(event, row)

    def _compose(
        self, event: Event, durability: Durability, actor: Actor, origin: Origin
    ) -> AuditRow:
        if event.durability is not durability:
            raise TypeError(f"{type(event).__name__} is {event.durability}, not {durability}")
        now = self._clock.now()
        self._sequence += 1
        event_id = ids.event_id(now, self._entropy)
        stamp = Stamp(event_id, now, self._emitter, self._sequence, self._kept)
        return compose(event, stamp, actor, origin)

    def _committed(self, event: Event, row: AuditRow) -> None:
        if self._enabled:
            self._kept += 1
            self._account.committed()
        self._happened(event, row)

    def _stored(self, rows: list[AuditRow]) -> None:
        """Spooled events became rows; some may be a predecessor's."""
        self._kept += sum(row.emitter == self._emitter for row in rows)

    def _happened(self, event: Event, row: AuditRow) -> None:
        self._account.happened(event.severity)
        self._meter.saw(event)
        say = _log.debug if event.severity is Severity.INFO else _log.info
        say(
            row.action,
            severity=row.severity,
            actor_id=row.actor_id,
            resource_id=row.resource_id,
            event_id=row.id,
        )
