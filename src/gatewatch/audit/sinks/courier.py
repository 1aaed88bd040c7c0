"""A courier: brings the log to one sink, in order, each event at least once.

What it has brought is noted after the sink has it, and only if the sink is still where this
courier began, so that of two couriers one goes on and the other stops.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from gatewatch.audit.feed import Stretch
from gatewatch.audit.formats import Record
from gatewatch.audit.journal import Journal
from gatewatch.audit.sinks import store
from gatewatch.audit.sinks.port import NotAccepted, NotDelivered, Parcel, Sink
from gatewatch.audit.sinks.rules import (
    SinkState,
    StoredSink,
    pause_after,
    state_after_failure,
)
from gatewatch.audit.sinks.service import Sinks
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events.sinks import (
    AuditHeartbeat,
    AuditSinkFailed,
    AuditSinkRecovered,
    AuditSinkRefusedEvent,
)
from gatewatch.catalogue.metrics import AUDIT_SINK_DELIVERIES
from gatewatch.catalogue.outcomes import SinkDelivery
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.time import stopwatch

READ: Final = 500
"""Events read at once."""

LOAD: Final = 100
"""Events delivered at once, at most."""

LOAD_BYTES: Final = 1 << 20
"""Bytes of native JSON delivered at once, more or less: what every receiver takes."""

IDLE: Final = 1.0
"""Seconds between two looks for more: as often as spooled events become rows."""

LEASE: Final = timedelta(seconds=60)
"""How long a sink is this process's after it was last heard of."""

_RENEW: Final = LEASE / 3
"""A lease this old is prolonged; what is left is more than any delivery takes."""

_OWN: Final = AuditSinkRefusedEvent.action

_log: Final[Log] = logger("gatewatch.audit")


class _Moved(Exception):
    """Somebody else moved, changed or took the sink: look at it anew."""


class Courier:
    """Serves one sink. `holder` is a name that this process alone has."""

    def __init__(
        self,
        sinks: Sinks,
        journal: Journal,
        ephemeral: Ephemeral,
        meter: Meter,
        sink: StoredSink,
        *,
        holder: str,
    ) -> None:
        self.sink = sink
        self.waiting_since: datetime | None = None
        """When the oldest event happened that the sink is known to have yet to get."""
        self.is_leaving = False
        """Whether to take up no further load."""
        self._sinks = sinks
        self._journal = journal
        self._ephemeral = ephemeral
        self._holder = holder
        self._count = {
            outcome: meter.bound(AUDIT_SINK_DELIVERIES, sink.plan.kind, outcome)
            for outcome in SinkDelivery
        }
        self._receiver: Sink | None = None
        self._held_since: float | None = None

    async def step(self) -> float:
        """Bring what there is, as far as it goes; seconds until there may be more to do."""
        try:
            if not await self._hold():
                return _RENEW.total_seconds()
            return await self._go_on()
        except _Moved:
            await self.rest()
            return IDLE

    async def rest(self) -> None:
        """Disconnect, and let another process serve the sink."""
        if self._receiver is not None:
            await self._receiver.close()
            self._receiver = None
        if self._held_since is not None:
            self._held_since = None
            await self._ephemeral.release(self._lease, self._holder)
        self.waiting_since = None

    @property
    def _lease(self) -> str:
        return f"audit sink:{self.sink.id}"

    async def _hold(self) -> bool:
        """Take the sink, or go on holding it; whoever takes it looks where it is now."""
        now = stopwatch()
        if self._held_since is not None and now - self._held_since < _RENEW.total_seconds():
            return True
        was_ours = self._held_since is not None
        if not await self._ephemeral.lease(self._lease, self._holder, LEASE):
            self._held_since = None
            return False
        self._held_since = now
        if not was_ours:
            self.sink = await self._sinks.named(self.sink.plan.name)
        return True

    async def _go_on(self) -> float:
        if self.sink.state is SinkState.PAUSED or not await self._has_more():
            self.waiting_since = None
            return IDLE
        stretch = await self._sinks.feed.after(self.sink.cursor, READ)
        if stretch.end == self.sink.cursor:
            return IDLE
        wanted = [each for each in stretch.records if self.sink.plan.filter.admits(each.row)]
        self._count[SinkDelivery.PURGED](stretch.purged)
        for load in _loads([self._sinks.parcel(self.sink, record) for record in wanted]):
            if self.is_leaving:
                return IDLE
            self.waiting_since = load[0].record.row.created_at
            try:
                await self._bring(load)
            except NotDelivered as away:
                return await self._stumble(away, len(load))
            await self._arrive(load)
        await self._pass_over(stretch)
        return 0.0

    async def _has_more(self) -> bool:
        return await self._sinks.feed.end() > self.sink.cursor

    async def _bring(self, load: Sequence[Parcel]) -> None:
        """Deliver; of a load that is not accepted, find the events that are at fault."""
        if not await self._hold():
            raise _Moved
        try:
            await self._deliver(load)
        except NotAccepted as refused:
            if len(load) == 1:
                await self._put_aside(load[0], str(refused))
            else:
                middle = len(load) // 2
                await self._bring(load[:middle])
                await self._bring(load[middle:])
        else:
            self._count[SinkDelivery.DELIVERED](len(load))

    async def _deliver(self, load: Sequence[Parcel]) -> None:
        """Hand a load over; a receiver that answers nonsense is as good as away."""
        try:
            if self._receiver is None:
                self._receiver = self._sinks.connect(self.sink)
            await self._receiver.deliver(load)
        except (NotAccepted, NotDelivered):
            raise
        except Exception as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error

    async def _put_aside(self, parcel: Parcel, error: str) -> None:
        """Keep an event for later that a receiver will not have, if it takes others.

        One that takes nothing at all is not set up as it should be, and that is no fault of the
        event's: it is an outage, and nothing is passed over.
        """
        try:
            await self._deliver([self._sinks.probe(self.sink)])
        except NotAccepted:
            raise NotDelivered(f"even a heartbeat is refused: {error}") from None
        row, seal = parcel.record.row, parcel.record.seal
        assert seal is not None  # noqa: S101 - the feed has nothing that is not sealed
        async with self._sinks.database.work() as work:
            is_new = await store.bury(
                work,
                self.sink,
                position=seal.position,
                event_id=row.id,
                error=error,
                at=self._sinks.clock.now(),
            )
        self._count[SinkDelivery.REFUSED](1)
        # That it would not have such a message is not worth another.
        if is_new and row.action != _OWN:
            self._say(
                AuditSinkRefusedEvent(
                    sink_id=self.sink.id,
                    name=self.sink.plan.name,
                    kind=self.sink.plan.kind,
                    event_id=row.id,
                    error=error,
                )
            )

    async def _arrive(self, load: Sequence[Parcel]) -> None:
        """Note that the sink has a load."""
        now = self._sinks.clock.now()
        last = load[-1].record.seal
        assert last is not None  # noqa: S101 - the same
        was, attempts = self.sink.state, self.sink.failures
        beats = [each.record.row for each in load if _is_heartbeat(each.record)]
        await self._move(
            last.position,
            replace(
                self.sink,
                state=SinkState.ACTIVE,
                failures=0,
                delivered_at=now,
                heartbeat_at=now if beats else self.sink.heartbeat_at,
                round_trip=now - beats[-1].created_at if beats else self.sink.round_trip,
            ),
        )
        if was is SinkState.FAILING:
            self._say(
                AuditSinkRecovered(
                    sink_id=self.sink.id,
                    name=self.sink.plan.name,
                    kind=self.sink.plan.kind,
                    attempts=attempts,
                )
            )

    async def _pass_over(self, stretch: Stretch) -> None:
        """Note that what remains of a stretch is nothing to the sink."""
        if stretch.end > self.sink.cursor:
            await self._move(stretch.end, self.sink)

    async def _move(self, to: int, after: StoredSink) -> None:
        async with self._sinks.database.work() as work:
            moved = await store.advance(
                work,
                self.sink,
                to=to,
                state=after.state,
                failures=after.failures,
                delivered_at=after.delivered_at,
                heartbeat_at=after.heartbeat_at,
                round_trip=after.round_trip,
            )
        if not moved:
            raise _Moved
        self.sink = replace(after, cursor=to)

    async def _stumble(self, away: NotDelivered, events: int) -> float:
        """Note that an attempt went wrong; seconds until the next."""
        was, failures = self.sink.state, self.sink.failures + 1
        state = state_after_failure(was, failures)
        error, now = str(away), self._sinks.clock.now()
        self._count[SinkDelivery.RETRIED](events)
        async with self._sinks.database.work() as work:
            kept = await store.stumble(
                work, self.sink, state=state, failures=failures, error=error, at=now
            )
        if not kept:
            raise _Moved
        self.sink = replace(
            self.sink, state=state, failures=failures, last_error=error, last_error_at=now
        )
        if state is not was:
            _log.warning("audit: the sink %s fails: %s", self.sink.plan.name, error)
            self._say(
                AuditSinkFailed(
                    sink_id=self.sink.id,
                    name=self.sink.plan.name,
                    kind=self.sink.plan.kind,
                    error=error,
                )
            )
        return pause_after(failures, away.retry_after)

    def _say(self, event: Event) -> None:
        self._journal.spool(event, actor=SYSTEM, origin=NOWHERE)


def _loads(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Parcels in order, as many together as a receiver takes."""
    load: list[Parcel] = []
    size = 0
    for parcel in parcels:
        weight = len(parcel.line)
        if load and (len(load) == LOAD or size + weight > LOAD_BYTES):
            yield load
            load, size = [], 0
        load.append(parcel)
        size += weight
    if load:
        yield load


def _is_heartbeat(record: Record) -> bool:
    return record.row.action == AuditHeartbeat.action
