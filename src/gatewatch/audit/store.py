"""The audit log's table: append, find by id, and let go.

It has no foreign keys: a trail outlives its subjects.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Table,
    Text,
    any_,
    bindparam,
    column,
    delete,
    func,
    literal_column,
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
    Work,
    metadata,
)
from gatewatch.backends.database.dialect import Array
from gatewatch.catalogue.event import Severity

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


def kind_of(rows: FromClause) -> ColumnElement[Any]:
    """What kind of event a row is, in one text, as its index has it."""
    c, space = rows.c, literal_column("' '", Text)
    kind: ColumnElement[Any] = c.event_type
    for part in (c.action, c.severity, c.status, func.coalesce(c.resource_type, _NOTHING)):
        kind = kind.op("||")(space).op("||")(part)
    return kind


_NOTHING: Final = literal_column("''", Text)
Index("ix_audit_logs_kind_id", kind_of(audit_logs), _c.id)

for _name in ("client_id", "organization_id", "resource_id", "request_id", "session_id"):
    _is_there = _c[_name].is_not(None)
    Index(
        f"ix_audit_logs_{_name}_id",
        _c[_name],
        _c.id,
        sqlite_where=_is_there,
        postgresql_where=_is_there,
    )
Index(
    "ix_audit_logs_ip_address_id",
    _c.ip_address,
    _c.id,
    sqlite_where=_c.ip_address.is_not(None),
    postgresql_where=_c.ip_address.is_not(None),
    # So that a network is a range, whatever the database sorts texts by.
    postgresql_ops={"ip_address": "text_pattern_ops"},
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


async def remove(work: Work, event_ids: Sequence[str]) -> int:
    """Let events go; how many went."""
    return await work.run(_REMOVE, ids=list(event_ids))


async def oldest(database: Database) -> str | None:
    """The id of the oldest event."""
    row = await database.look.one(_OLDEST)
    return None if row is None else str(row[0])


_listed: Final = func.json_each(bindparam("ids", type_=Document)).table_valued(column("value"))
_REMOVE: Final = Statement(
    delete(audit_logs).where(_c.id.in_(select(_listed.c.value))),
    postgres=delete(audit_logs).where(_c.id == any_(bindparam("ids", type_=Array(Text())))),
)
_OLDEST: Final = Statement(select(_c.id).order_by(_c.id).limit(1))
