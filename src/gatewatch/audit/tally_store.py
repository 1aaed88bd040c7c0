"""Tallies: how many events of each kind there were in each hour, and by whom on each day.

They are kept beside the log, moments behind it, so that statistics of a month need not read it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    text,
)

from gatewatch.audit.row import AuditRow
from gatewatch.audit.span import Span
from gatewatch.audit.store import audit_logs, kind_of
from gatewatch.backends.database import Database, Document, Engine, Statement, Work, metadata
from gatewatch.backends.database.dialect import Array

HOUR: Final = "%Y-%m-%d %H"
DAY: Final = "%Y-%m-%d"
"""How a stretch of time is written: as moments are, but shorter."""

KIND: Final = "kind"
"""The dimension that is counted by the hour; all others are by the day."""

COLUMNS: Final = {"actor": "actor_id", "address": "ip_address", "client": "client_id"}
"""The dimensions that are counted by the day, and their columns."""

audit_tallies: Final = Table(
    "audit_tallies",
    metadata,
    Column("dimension", Text, primary_key=True),
    Column("stretch", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
_t: Final = audit_tallies.c


@dataclass(frozen=True, slots=True)
class Tally:
    """So many events of one value in a stretch of time."""

    dimension: str
    stretch: str
    value: str
    events: int


def _spelled(sql: str, **kinds: Any) -> Any:
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items()))


_TEXTS: Final = Array(Text())
_ADD: Final = Statement(
    _spelled(
        "INSERT INTO audit_tallies (dimension, stretch, value, events)"
        " SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),"
        " json_extract(value, '$[2]'), json_extract(value, '$[3]')"
        " FROM json_each(:rows) WHERE true"
        " ON CONFLICT (dimension, stretch, value) DO UPDATE SET events = events + excluded.events",
        rows=Document,
    ),
    postgres=_spelled(
        "INSERT INTO audit_tallies (dimension, stretch, value, events)"
        " SELECT * FROM unnest(CAST(:dimensions AS text[]), CAST(:stretches AS text[]),"
        " CAST(:values AS text[]), CAST(:events AS bigint[]))"
        " ON CONFLICT (dimension, stretch, value)"
        " DO UPDATE SET events = audit_tallies.events + excluded.events",
        dimensions=_TEXTS,
        stretches=_TEXTS,
        values=_TEXTS,
        events=Array(BigInteger()),
    ),
)
_BETWEEN: Final = (
    _t.stretch >= bindparam("first", type_=Text),
    _t.stretch < bindparam("last", type_=Text),
)
_number: Final = func.sum(_t.events).cast(BigInteger)
_BY_HOUR: Final = Statement(
    select(
        func.substr(_t.stretch, 1, bindparam("length", type_=Integer)).label("stretch"),
        _t.value,
        _number,
    )
    .where(_t.dimension == KIND, *_BETWEEN)
    .group_by(text("1"), _t.value)
)
_BY_VALUE: Final = Statement(
    select(_t.value, _number.label("number"))
    .where(_t.dimension == bindparam("dimension", type_=Text), *_BETWEEN)
    .group_by(_t.value)
    .order_by(text("number DESC"), _t.value)
    .limit(bindparam("most", type_=Integer))
)
_FORGET: Final = Statement(
    delete(audit_tallies).where(_t.stretch < bindparam("before", type_=Text))
)
_IN_SPAN: Final = (
    audit_logs.c.id > bindparam("lowest", type_=Text),
    audit_logs.c.id < bindparam("highest", type_=Text),
    audit_logs.c.created_at >= bindparam("start", type_=audit_logs.c.created_at.type),
    audit_logs.c.created_at < bindparam("end", type_=audit_logs.c.created_at.type),
)


def _counted() -> Statement:
    kind = kind_of(audit_logs)

    def spelled(stretch: Any) -> Any:
        return (
            select(stretch.label("stretch"), kind.label("kind"), func.count())
            .where(*_IN_SPAN)
            .group_by(text("1"), text("2"))
        )

    at = audit_logs.c.created_at
    length = bindparam("length", type_=Integer)
    hour = func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24")
    return Statement(
        spelled(func.substr(at, 1, length, type_=Text)),
        postgres=spelled(func.substr(hour, 1, length, type_=Text)),
    )


_COUNTED: Final = _counted()
_COUNTED_BY: Final = {
    dimension: Statement(
        select(audit_logs.c[name], func.count())
        .where(*_IN_SPAN, audit_logs.c[name].is_not(None))
        .group_by(audit_logs.c[name])
    )
    for dimension, name in COLUMNS.items()
}


def tallies_of(rows: Iterable[AuditRow]) -> list[Tally]:
    """What events add to the tallies."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        kind = (
            f"{row.event_type} {row.action} {row.severity} {row.status} {row.resource_type or ''}"
        )
        counted[KIND, row.created_at.strftime(HOUR), kind] += 1
        day = row.created_at.strftime(DAY)
        for dimension, name in COLUMNS.items():
            if (value := getattr(row, name)) is not None:
                counted[dimension, day, value] += 1
    return [Tally(*key, number) for key, number in sorted(counted.items())]


async def add(work: Work, engine: Engine, tallies: Iterable[Tally]) -> None:
    """Add to the tallies."""
    rows = [(each.dimension, each.stretch, each.value, each.events) for each in tallies]
    if not rows:
        return
    if engine is Engine.SQLITE:
        await work.run(_ADD, rows=rows)
        return
    dimensions, stretches, values, events = map(list, zip(*rows, strict=True))
    await work.run(_ADD, dimensions=dimensions, stretches=stretches, values=values, events=events)


async def forget(work: Work, before: datetime) -> None:
    """Let the tallies of days before a moment go."""
    await work.run(_FORGET, before=before.strftime(DAY))


async def kinds_tallied(
    database: Database, first: str, last: str, length: int
) -> list[tuple[str, str, int]]:
    """How many events there were of each kind in each stretch, of so many characters."""
    rows = await database.scan(_BY_HOUR, first=first, last=last, length=length)
    return [(stretch, kind, int(number)) for stretch, kind, number in rows]


async def values_tallied(
    database: Database, dimension: str, first: str, last: str, most: int
) -> dict[str, int]:
    """How many events there were of the values that have the most."""
    rows = await database.scan(_BY_VALUE, dimension=dimension, first=first, last=last, most=most)
    return {value: int(number) for value, number in rows}


async def kinds_counted(
    database: Database, span: Span, start: datetime, end: datetime, length: int
) -> list[tuple[str, str, int]]:
    """The same as `kinds_tallied`, from the log itself."""
    params = {"lowest": span.lowest, "highest": span.highest, "start": start, "end": end}
    rows = await database.scan(_COUNTED, length=length, **params)
    return [(stretch, kind, int(number)) for stretch, kind, number in rows]


async def values_counted(
    database: Database, dimension: str, span: Span, start: datetime, end: datetime
) -> dict[str, int]:
    """How many events there are of each value, from the log itself."""
    params = {"lowest": span.lowest, "highest": span.highest, "start": start, "end": end}
    rows = await database.scan(_COUNTED_BY[dimension], **params)
    return {value: int(number) for value, number in rows}
