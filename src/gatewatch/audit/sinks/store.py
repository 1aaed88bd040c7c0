"""The sinks' table: where each is, what it has, and what it would not have."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from gatewatch.audit.sinks.rules import SinkState, StoredSink
from gatewatch.backends.database import (
    Database,
    Digest,
    Document,
    Insert,
    Look,
    Moment,
    Row,
    Statement,
    Work,
    metadata,
)

audit_sinks: Final = Table(
    "audit_sinks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("filter", Document, nullable=False),
    Column("options", Document, nullable=False),
    Column("secrets", Digest, nullable=False),
    Column("state", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text),
    Column("last_error_at", Moment),
    Column("delivered_at", Moment),
    Column("heartbeat_at", Moment),
    Column("round_trip_ms", BigInteger),
    Column("created_at", Moment, nullable=False),
)
_s: Final = audit_sinks.c

audit_dead_letters: Final = Table(
    "audit_dead_letters",
    metadata,
    Column("sink_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("refused_at", Moment, nullable=False),
    PrimaryKeyConstraint("sink_id", "position"),
)
_d: Final = audit_dead_letters.c


def _p(column: Column[Any], name: str | None = None) -> Any:
    return bindparam(name or column.name, type_=column.type)


_ADD: Final = Insert(audit_sinks)
_ALL: Final = Statement(select(audit_sinks).order_by(_s.created_at, _s.id))
_BY_NAME: Final = Statement(select(audit_sinks).where(_s.name == _p(_s.name)))
_REMOVE: Final = Statement(delete(audit_sinks).where(_s.id == _p(_s.id)))
_FORGET_LETTERS: Final = Statement(delete(audit_dead_letters).where(_d.sink_id == _p(_d.sink_id)))
_IS_OURS: Final = (_s.id == _p(_s.id, "of"), _s.revision == _p(_s.revision, "seen"))

_ADVANCE: Final = Statement(
    update(audit_sinks)
    .where(_s.id == _p(_s.id, "of"), _s.cursor == _p(_s.cursor, "was"))
    .values(
        cursor=_p(_s.cursor),
        # Paused meanwhile, it stays so; what was on its way has arrived nevertheless.
        state=case(
            (_s.state == SinkState.PAUSED.value, SinkState.PAUSED.value), else_=_p(_s.state)
        ),
        failures=_p(_s.failures),
        delivered_at=func.coalesce(_p(_s.delivered_at), _s.delivered_at),
        heartbeat_at=func.coalesce(_p(_s.heartbeat_at), _s.heartbeat_at),
        round_trip_ms=func.coalesce(_p(_s.round_trip_ms), _s.round_trip_ms),
    )
)
_STUMBLE: Final = Statement(
    update(audit_sinks)
    .where(*_IS_OURS)
    .values(
        state=_p(_s.state),
        failures=_p(_s.failures),
        last_error=_p(_s.last_error),
        last_error_at=_p(_s.last_error_at),
    )
)
_AGAIN: Final = {"failures": 0, "revision": _s.revision + 1}
_STAND: Final = Statement(update(audit_sinks).where(*_IS_OURS).values(state=_p(_s.state), **_AGAIN))
_REWIND: Final = Statement(
    update(audit_sinks).where(*_IS_OURS).values(cursor=_p(_s.cursor), **_AGAIN)
)
_BURY: Final = Insert(audit_dead_letters)
_IS_BURIED: Final = Statement(
    select(_d.position).where(_d.sink_id == _p(_d.sink_id), _d.position == _p(_d.position))
)
_LETTERS: Final = Statement(
    select(audit_dead_letters)
    .where(_d.sink_id == _p(_d.sink_id), _d.position > _p(_d.position, "after"))
    .order_by(_d.position)
    .limit(bindparam("count", type_=Integer))
)
_COUNTS: Final = Statement(
    select(_d.sink_id, func.count()).group_by(_d.sink_id).order_by(_d.sink_id)
)
_EXHUME: Final = Statement(
    delete(audit_dead_letters).where(_d.sink_id == _p(_d.sink_id), _d.position == _p(_d.position))
)


async def add(work: Work, values: Mapping[str, object]) -> None:
    """Keep a new sink.

    Raises:
        Taken: another has its name.
    """
    await work.add(_ADD, values)


async def all_sinks(look: Look) -> list[Row]:
    """Every sink, the oldest first, in the order of the table's columns."""
    return await look.all(_ALL)


async def by_name(look: Look, name: str) -> Row | None:
    """The sink of this name."""
    return await look.one(_BY_NAME, name=name)


async def remove(work: Work, sink: StoredSink) -> bool:
    """Forget a sink, and what it would not have."""
    await work.run(_FORGET_LETTERS, sink_id=sink.id)
    return await work.run(_REMOVE, id=sink.id) == 1


async def advance(
    work: Work,
    sink: StoredSink,
    *,
    to: int,
    state: SinkState,
    failures: int,
    delivered_at: datetime | None,
    heartbeat_at: datetime | None,
    round_trip: timedelta | None,
) -> bool:
    """Note how far a sink is now; False if somebody else moved it meanwhile."""
    moved = await work.run(
        _ADVANCE,
        of=sink.id,
        was=sink.cursor,
        cursor=to,
        state=state.value,
        failures=failures,
        delivered_at=delivered_at,
        heartbeat_at=heartbeat_at,
        round_trip_ms=None if round_trip is None else round(round_trip.total_seconds() * 1000),
    )
    return moved == 1


async def stumble(
    work: Work, sink: StoredSink, *, state: SinkState, failures: int, error: str, at: datetime
) -> bool:
    """Note that an attempt went wrong; False if somebody changed the sink meanwhile."""
    changed = await work.run(
        _STUMBLE,
        of=sink.id,
        seen=sink.revision,
        state=state.value,
        failures=failures,
        last_error=error,
        last_error_at=at,
    )
    return changed == 1


async def stand(work: Work, sink: StoredSink, state: SinkState) -> bool:
    """Pause or resume a sink where it is; False if somebody else changed it meanwhile."""
    return await work.run(_STAND, of=sink.id, seen=sink.revision, state=state.value) == 1


async def rewind(work: Work, sink: StoredSink, to: int) -> bool:
    """Have a sink go on after a position; False if somebody else changed it meanwhile."""
    return await work.run(_REWIND, of=sink.id, seen=sink.revision, cursor=to) == 1


async def bury(
    work: Work, sink: StoredSink, *, position: int, event_id: str, error: str, at: datetime
) -> bool:
    """Put an event aside that a sink would not have; False if it lies there already."""
    if await work.one(_IS_BURIED, sink_id=sink.id, position=position) is not None:
        return False
    await work.add(
        _BURY,
        {
            "sink_id": sink.id,
            "position": position,
            "event_id": event_id,
            "error": error,
            "refused_at": at,
        },
    )
    return True


async def letters(look: Look, sink: StoredSink, *, after: int, count: int) -> list[Row]:
    """What a sink would not have, in order: sink, position, event, error, when."""
    return await look.all(_LETTERS, sink_id=sink.id, after=after, count=count)


async def letter_counts(database: Database) -> dict[str, int]:
    """How many events were put aside, by sink."""
    return dict(await database.scan(_COUNTS))


async def exhume(work: Work, sink: StoredSink, *, position: int) -> None:
    """Take back what had been put aside."""
    await work.run(_EXHUME, sink_id=sink.id, position=position)
