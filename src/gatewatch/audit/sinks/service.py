"""The sinks as operators have them: added, tested, paused, replayed, removed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from gatewatch.audit.feed import BEFORE_ALL, Feed
from gatewatch.audit.formats import Format, Observer, Record
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import Stamp, compose
from gatewatch.audit.sinks import kinds, store
from gatewatch.audit.sinks.port import Delivery, NotAccepted, NotDelivered, Parcel, Sink
from gatewatch.audit.sinks.rules import Filter, SinkPlan, SinkState, StoredSink
from gatewatch.backends.database import Database, Row, Taken, Work
from gatewatch.backends.keys.vault import Vault
from gatewatch.catalogue.event import Event, Severity
from gatewatch.catalogue.events.sinks import (
    AuditHeartbeat,
    AuditSinkAdded,
    AuditSinkPaused,
    AuditSinkRemoved,
    AuditSinkReplayed,
    AuditSinkResumed,
    AuditSinkTested,
)
from gatewatch.catalogue.outcomes import SinkKind, SinkTest
from gatewatch.kernel import ids
from gatewatch.kernel.actor import NOWHERE, SYSTEM, Actor
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Entropy, Secret
from gatewatch.kernel.time import Clock, stopwatch

PURPOSE: Final = "audit sink"
"""What a sink's secrets are sealed for."""

HEARTBEAT: Final = timedelta(minutes=5)
"""Between two heartbeats, while there is a sink."""

_NAME_LENGTH: Final = 100

_secrets: Final = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class Tested:
    """How a test ended."""

    outcome: SinkTest
    error: str | None
    delivery: Delivery | None
    seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a receiver would not have."""

    position: int
    event_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Sinks:
    """Keeps the sinks."""

    database: Database
    journal: Journal
    vault: Vault
    clock: Clock
    entropy: Entropy
    feed: Feed
    observer: Observer

    async def add(self, plan: SinkPlan, *, after: int | None, by: Actor) -> StoredSink:
        """Have the log delivered to another sink, from `after` a position or from now on.

        Raises:
            Refusal: invalid_input for a plan that cannot be, conflict for a name that is taken.
        """
        if not plan.name or len(plan.name) > _NAME_LENGTH:
            raise Refusal("invalid_input", f"A sink's name has 1 to {_NAME_LENGTH} characters.")
        now = self.clock.now()
        sink = StoredSink(
            id=ids.sink_id(now, self.entropy),
            plan=kinds.settled(plan, self.entropy, self.clock),
            state=SinkState.ACTIVE,
            cursor=await self.feed.end() if after is None else max(after, BEFORE_ALL),
            revision=1,
            failures=0,
            last_error=None,
            last_error_at=None,
            delivered_at=None,
            heartbeat_at=None,
            round_trip=None,
            created_at=now,
        )
        try:
            async with self.database.work() as work:
                await store.add(work, self._values(sink))
                await self._record(work, _added(sink), by)
        except Taken:
            raise Refusal("conflict", f"There is a sink called {plan.name} already.") from None
        return sink

    async def all(self) -> list[StoredSink]:
        """Every sink, the oldest first."""
        return [self._read(row) for row in await store.all_sinks(self.database.look)]

    async def named(self, name: str) -> StoredSink:
        """The sink of this name.

        Raises:
            Refusal: not_found.
        """
        row = await store.by_name(self.database.look, name)
        if row is None:
            raise Refusal("not_found", f"There is no sink called {name}.")
        return self._read(row)

    async def remove(self, name: str, *, by: Actor) -> StoredSink:
        """Deliver to a sink no more, and forget it."""
        sink = await self.named(name)
        event = AuditSinkRemoved(
            sink_id=sink.id, name=name, kind=sink.plan.kind, address=sink.plan.address
        )
        async with self.database.work() as work:
            if await store.remove(work, sink):
                await self._record(work, event, by)
        return sink

    async def pause(self, name: str, *, by: Actor) -> StoredSink:
        """Deliver to a sink no more for the time being."""
        sink = await self.named(name)
        if sink.state is SinkState.PAUSED:
            return sink
        event = AuditSinkPaused(sink_id=sink.id, name=name, kind=sink.plan.kind)
        return await self._stand(sink, SinkState.PAUSED, event, by)

    async def resume(self, name: str, *, by: Actor) -> StoredSink:
        """Go on where a sink was paused; of one that fails, try again at once."""
        sink = await self.named(name)
        if sink.state is SinkState.ACTIVE:
            return sink
        event = AuditSinkResumed(sink_id=sink.id, name=name, kind=sink.plan.kind)
        return await self._stand(sink, SinkState.ACTIVE, event, by)

    async def replay(self, name: str, *, after: int, by: Actor) -> StoredSink:
        """Have a sink go on after a position: behind where it is, it gets events again."""
        sink = await self.named(name)
        to = min(max(after, BEFORE_ALL), await self.feed.end())
        event = AuditSinkReplayed(
            sink_id=sink.id,
            name=name,
            kind=sink.plan.kind,
            from_position=to,
            was_at=sink.cursor,
        )
        async with self.database.work() as work:
            changed = await store.rewind(work, sink, to)
            if changed:
                await self._record(work, event, by)
        _insist(changed)
        return await self.named(name)

    async def test(self, name: str, *, by: Actor) -> Tested:
        """Send a sink a heartbeat now, past its filter and whatever waits, from this process."""
        sink = await self.named(name)
        made = self.connect(sink)
        began = stopwatch()
        delivery: Delivery | None = None
        error: str | None = None
        try:
            delivery = await made.deliver([self.probe(sink)])
            outcome = SinkTest.DELIVERED
        except NotDelivered as away:
            outcome, error = SinkTest.UNREACHABLE, str(away)
        except NotAccepted as refused:
            outcome, error = SinkTest.REFUSED, str(refused)
        finally:
            await made.close()
        seconds = stopwatch() - began
        event = AuditSinkTested(
            sink_id=sink.id, name=name, kind=sink.plan.kind, outcome=outcome, error=error
        )
        self.journal.spool(event, actor=by, origin=NOWHERE)
        return Tested(outcome, error, delivery, seconds)

    async def letters(self, name: str, *, after: int, count: int) -> list[DeadLetter]:
        """Events that a sink would not have, in order."""
        sink = await self.named(name)
        rows = await store.letters(self.database.look, sink, after=after, count=count)
        return [DeadLetter(position, event_id, error) for _, position, event_id, error, _ in rows]

    async def letter_counts(self) -> dict[str, int]:
        """How many events were put aside, by the sink's id."""
        return await store.letter_counts(self.database)

    async def resend(self, name: str) -> tuple[int, int]:
        """Send a sink again what it would not have; how many it took, and how many not."""
        sink = await self.named(name)
        made = self.connect(sink)
        taken = left = 0
        try:
            after = BEFORE_ALL
            while rows := await store.letters(self.database.look, sink, after=after, count=100):
                for _, position, *_ in rows:
                    if await self._took(made, sink, position):
                        taken += 1
                    else:
                        left += 1
                after = rows[-1][1]
        finally:
            await made.close()
        return taken, left

    def connect(self, sink: StoredSink) -> Sink:
        """The receiver itself; connected when it is first told something."""
        return kinds.make(sink.plan, sink.id, self.clock)

    def parcel(self, sink: StoredSink, record: Record) -> Parcel:
        """An event in the words of a sink."""
        return Parcel(record, sink.plan.form, self.observer)

    def probe(self, sink: StoredSink) -> Parcel:
        """A heartbeat that is in no log, to see whether a sink takes anything at all."""
        now = self.clock.now()
        stamp = Stamp(ids.event_id(now, self.entropy), now, sink.id, 0)
        return self.parcel(sink, Record(compose(_heartbeat(), stamp, SYSTEM, NOWHERE)))

    async def beat(self) -> None:
        """Record a heartbeat, if there is a sink to take it."""
        if await store.all_sinks(self.database.look):
            self.journal.spool(_heartbeat(), actor=SYSTEM, origin=NOWHERE)

    async def _took(self, made: Sink, sink: StoredSink, position: int) -> bool:
        record = await self.feed.at(position)
        if record is not None:
            try:
                await made.deliver([self.parcel(sink, record)])
            except NotAccepted:
                return False
            except NotDelivered as away:
                raise Refusal("temporarily_unavailable", f"{sink.plan.name}: {away}") from away
        async with self.database.work() as work:
            await store.exhume(work, sink, position=position)
        return True

    async def _stand(
        self, sink: StoredSink, state: SinkState, event: Event, by: Actor
    ) -> StoredSink:
        async with self.database.work() as work:
            changed = await store.stand(work, sink, state)
            if changed:
                await self._record(work, event, by)
        _insist(changed)
        return await self.named(sink.plan.name)

    async def _record(self, work: Work, event: Event, by: Actor) -> None:
        await self.journal.record(work, event, actor=by, origin=NOWHERE)

    def _values(self, sink: StoredSink) -> dict[str, object]:
        plan = sink.plan
        told = {name: secret.reveal() for name, secret in plan.secrets.items()}
        return {
            "id": sink.id,
            "name": plan.name,
            "kind": plan.kind.value,
            "address": plan.address,
            "format": plan.form.value,
            "filter": {
                "min_severity": plan.filter.min_severity.value,
                "event_types": list(plan.filter.event_types),
            },
            "options": dict(plan.options),
            "secrets": self.vault.seal(PURPOSE, msgspec.json.encode(told), sink.id),
            "state": sink.state.value,
            "cursor": sink.cursor,
            "revision": sink.revision,
            "failures": sink.failures,
            "created_at": sink.created_at,
        }

    def _read(self, row: Row) -> StoredSink:
        sink_id, name, kind, address, form, wants, options, sealed, *standing = row
        state, cursor, revision, failures, error, error_at, *times, created_at = standing
        delivered_at, heartbeat_at, round_trip_ms = times
        told = _secrets.decode(self.vault.open(PURPOSE, sealed, sink_id))
        plan = SinkPlan(
            name=name,
            kind=SinkKind(kind),
            address=address,
            form=Format(form),
            filter=Filter(Severity(wants["min_severity"]), tuple(wants["event_types"])),
            options=options,
            secrets={each: Secret(secret) for each, secret in told.items()},
        )
        return StoredSink(
            id=sink_id,
            plan=plan,
            state=SinkState(state),
            cursor=cursor,
            revision=revision,
            failures=failures,
            last_error=error,
            last_error_at=error_at,
            delivered_at=delivered_at,
            heartbeat_at=heartbeat_at,
            round_trip=None if round_trip_ms is None else timedelta(milliseconds=round_trip_ms),
            created_at=created_at,
        )


def _insist(changed: bool) -> None:  # noqa: FBT001 - whether it was
    if not changed:
        raise Refusal("conflict", "Somebody else changed the sink just now; look again.")


def _added(sink: StoredSink) -> AuditSinkAdded:
    plan = sink.plan
    return AuditSinkAdded(
        sink_id=sink.id,
        name=plan.name,
        kind=plan.kind,
        address=plan.address,
        format=plan.form.value,
        min_severity=plan.filter.min_severity,
        event_types=plan.filter.event_types,
    )


def _heartbeat() -> AuditHeartbeat:
    return AuditHeartbeat(every_seconds=int(HEARTBEAT.total_seconds()))
