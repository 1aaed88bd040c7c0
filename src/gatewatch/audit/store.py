"""The audit log's table: append, find, page, count, and let go.

It has no foreign keys: a trail outlives its subjects.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    literal_column,
    or_,
    select,
)

from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.backends.database import (
    Change,
    Database,
    Document,
    Insert,
    Lookup,
    Moment,
    Statement,
    Sweep,
    Work,
    metadata,
)
from gatewatch.catalogue.event import Severity, Status
from gatewatch.kernel import ids

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
    Column("kept_before", BigInteger, nullable=False, server_default="0"),
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

_INSERT: Final = Insert(audit_logs)
_FORM: Final = _INSERT.form(dict.fromkeys(AuditRow.__struct_fields__))
_BY_ID: Final = Lookup(select(audit_logs), key=_c.id)


def append(change: Change, row: AuditRow) -> None:
    """Append a row together with the change that it records."""
    change.fill(_FORM, msgspec.structs.astuple(row))


async def append_in(work: Work, row: AuditRow) -> None:
    """Append a row within a larger work."""
    await work.add(_INSERT, msgspec.structs.asdict(row))


async def add(database: Database, rows: list[AuditRow]) -> None:
    """Append rows, all or none."""
    change = Change()
    for row in rows:
        append(change, row)
    await database.commit(change)


async def by_id(database: Database, event_id: str) -> AuditRow | None:
    """The event with this id."""
    found = await database.look.find(_BY_ID, event_id)
    return None if found is None else AuditRow(*found)


async def page(
    database: Database,
    search: Search,
    *,
    count: int,
    before: str | None = None,
    after: str | None = None,
) -> list[AuditRow]:
    """The newest `count` events that match, newest first.

    With `before`, of those older than that event; with `after`, the `count` that followed it.
    """
    beside = {"before": before, "after": after}
    given = {name: event_id for name, event_id in beside.items() if event_id is not None}
    params = {**dict(_params(search)), **given, "count": count}
    rows = await database.scan(_page(frozenset(params), _remarkable(search)), **params)
    found = [AuditRow(*row) for row in rows]
    return found if after is None else found[::-1]


async def remove(database: Database, *, before: datetime) -> int:
    """Let the events before a moment go, a few at a time; how many went."""
    upto = ids.earliest(ids.event_id, before)
    return await _OLDER.let_go(database, upto=upto, before=before)


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
    if "after" in names:
        found = found.where(_c.id > _bound("after", _c.id))
    order = _c.id.asc() if "after" in names else _c.id.desc()
    return Statement(found.order_by(order).limit(bindparam("count", type_=Integer)))


_OLDER: Final = Sweep(_c.id, _c.created_at < _bound("before", _c.created_at))
