"""The audit log's table: append, find, page, count, and let go.

It has no foreign keys: a trail outlives its subjects.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Delete,
    Index,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
)

from gatewatch.audit.row import AuditRow
from gatewatch.backends.database import (
    Change,
    Database,
    Document,
    Insert,
    Lookup,
    Moment,
    Statement,
    metadata,
)
from gatewatch.catalogue.event import Severity, Status

audit_logs: Final = Table(
    "audit_logs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("actor_id", Text),
    Column("actor_type", Text, nullable=False),
    Column("actor_name", Text),
    Column("organization_id", Text),
    Column("client_id", Text),
    Column("session_id", Text),
    Column("ip_address", Text),
    Column("user_agent", Text),
    Column("request_id", Text),
    Column("trace_id", Text),
    Column("request_method", Text),
    Column("request_path", Text),
    Column("resource_type", Text),
    Column("resource_id", Text),
    Column("resource_name", Text),
    Column("reason", Text),
    Column("metadata", Document, nullable=False),
    Column("emitter", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Index("ix_audit_logs_created_at", "created_at"),
    Index("ix_audit_logs_event_type_id", "event_type", "id"),
)
_c: Final = audit_logs.c

# Most events are unremarkable: leaving them out keeps inserting cheap.
Index(
    "ix_audit_logs_actor_id_id",
    _c.actor_id,
    _c.id,
    sqlite_where=_c.actor_id.is_not(None),
    postgresql_where=_c.actor_id.is_not(None),
)
Index(
    "ix_audit_logs_severity_id",
    _c.severity,
    _c.id,
    sqlite_where=_c.severity != Severity.INFO.value,
    postgresql_where=_c.severity != Severity.INFO.value,
)

INSERT: Final = Insert(audit_logs)
_BY_ID: Final = Lookup(select(audit_logs), key=_c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; whatever is None does not matter."""

    event_type: str | None = None
    action: str | None = None
    severity: Severity | None = None
    success: bool | None = None
    actor: str | None = None
    """The id of who did it."""
    actor_ip: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    search: str | None = None
    """Part of the action, the resource's name or the actor's name, in any case."""
    start_time: datetime | None = None
    end_time: datetime | None = None
    """Both bounds are included."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of one type, severity and status there are."""

    event_type: str
    severity: Severity
    status: Status
    events: int


def values(row: AuditRow) -> dict[str, object]:
    """The row's values by column."""
    return {name: getattr(row, name) for name in AuditRow.__struct_fields__}


async def add(database: Database, rows: list[AuditRow]) -> None:
    """Append rows, all or none."""
    change = Change()
    for row in rows:
        change.add(INSERT, values(row))
    await database.commit(change)


async def by_id(database: Database, event_id: str) -> AuditRow | None:
    """The event with this id."""
    found = await database.look.find(_BY_ID, event_id)
    return None if found is None else AuditRow(*found)


async def page(
    database: Database, search: Search, *, count: int, before: str | None = None
) -> list[AuditRow]:
    """The newest `count` events that match, of those older than the event `before`."""
    params = dict(_params(search), count=count)
    if before is not None:
        params["before"] = before
    rows = await database.scan(_page(frozenset(params), _remarkable(search)), **params)
    return [AuditRow(*row) for row in rows]


async def statistics(
    database: Database, *, start_time: datetime, end_time: datetime
) -> list[Count]:
    """How many events there are by type, severity and status, bounds included."""
    rows = await database.scan(_STATISTICS, start_time=start_time, end_time=end_time)
    return [
        Count(kind, Severity(severity), Status(status), n) for kind, severity, status, n in rows
    ]


async def remove(database: Database, *, before: datetime, most: int) -> int:
    """Let the oldest go, at most so many; how many went."""
    async with database.work() as work:
        return await work.run(_REMOVE, before=before, most=most)


def _params(search: Search) -> Iterator[tuple[str, object]]:
    for name in _CONDITIONS:
        match name, getattr(search, name):
            case _, None:
                pass
            case "search", str(part):
                yield name, f"%{_escaped(part)}%"
            case "success", success:
                yield name, (Status.SUCCESS if success else Status.FAILURE).value
            case _, value:
                yield name, value


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _remarkable(search: Search) -> bool:
    return search.severity not in {None, Severity.INFO}


def _bound(name: str, column: Column[Any]) -> Any:
    return bindparam(name, type_=column.type)


def _contains(name: str) -> ColumnElement[bool]:
    part = _bound(name, _c.action)
    return or_(
        *(
            column.ilike(part, escape="\\")
            for column in (_c.action, _c.resource_name, _c.actor_name)
        )
    )


_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "event_type": _c.event_type == _bound("event_type", _c.event_type),
    "action": _c.action == _bound("action", _c.action),
    "severity": _c.severity == _bound("severity", _c.severity),
    "success": _c.status == _bound("success", _c.status),
    "actor": _c.actor_id == _bound("actor", _c.actor_id),
    "actor_ip": _c.ip_address == _bound("actor_ip", _c.ip_address),
    "resource_type": _c.resource_type == _bound("resource_type", _c.resource_type),
    "resource_id": _c.resource_id == _bound("resource_id", _c.resource_id),
    "client_id": _c.client_id == _bound("client_id", _c.client_id),
    "request_id": _c.request_id == _bound("request_id", _c.request_id),
    "search": _contains("search"),
    "start_time": _c.created_at >= _bound("start_time", _c.created_at),
    "end_time": _c.created_at <= _bound("end_time", _c.created_at),
}


@cache
def _page(names: frozenset[str], remarkable: bool) -> Statement:  # noqa: FBT001 - part of a key
    """One statement for each set of conditions, compiled once."""
    found: Select[Any] = select(audit_logs)
    for name, condition in _CONDITIONS.items():
        if name in names:
            found = found.where(condition)
    if remarkable:
        # Said literally, so that the index that leaves out INFO is known to do.
        found = found.where(_c.severity != literal_column(f"'{Severity.INFO.value}'"))
    if "before" in names:
        found = found.where(_c.id < _bound("before", _c.id))
    return Statement(found.order_by(_c.id.desc()).limit(bindparam("count", type_=Integer)))


def _oldest() -> Delete:
    oldest = (
        select(_c.id)
        .where(_c.created_at < _bound("before", _c.created_at))
        .order_by(_c.created_at)
        .limit(bindparam("most", type_=Integer))
    )
    return delete(audit_logs).where(_c.id.in_(oldest))


_STATISTICS: Final = Statement(
    select(_c.event_type, _c.severity, _c.status, func.count())
    .where(_CONDITIONS["start_time"], _CONDITIONS["end_time"])
    .group_by(_c.event_type, _c.severity, _c.status)
)
_REMOVE: Final = Statement(_oldest())
