"""Pages of the audit log, for any filters, in a time that does not grow with the log.

Every filter that names values has an index that ends with the event's id, so events with one
value lie in the order of time. The filter with the fewest events leads: it is followed, newest
first, and the others are asked of each event. Filters on the kind of event (its type, action,
severity, outcome, kind of resource) become one: of kinds there are few, so those that fit are
looked up, and each is followed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Executable,
    FromClause,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    column,
    exists,
    func,
    lateral,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles

from gatewatch.audit.addresses import Addresses, unwanted_addresses, wanted_addresses
from gatewatch.audit.formats.record import Seal
from gatewatch.audit.kinds import fitting_kinds
from gatewatch.audit.leaf import leaf_hash
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import audit_seals
from gatewatch.audit.search import KIND, Choice, Search
from gatewatch.audit.span import Span, span_of
from gatewatch.audit.store import audit_logs, kind_of
from gatewatch.backends.database import Database, Document, Engine, Statement
from gatewatch.backends.database.dialect import Array

MOST_COUNTED: Final = 20_000
"""Events counted to see which filter has the fewest; beyond this, many is many."""

MOST_FOLLOWED: Final = 20_000
"""Events read to merge several values' newest; beyond this, the log itself is followed."""

_PRIORITY: Final = (
    "ids",
    "request_id",
    "session_id",
    "resource_id",
    "actor",
    "actor_ip",
    "client_id",
    "organization_id",
    "kind",
)
"""Filters that can lead, the one that is likely to have the fewest events first."""

_COLUMNS: Final = {
    "ids": "id",
    "actor": "actor_id",
    "actor_ip": "ip_address",
    "address_like": "ip_address",
    **{
        name: name
        for name in ("request_id", "session_id", "resource_id", "client_id", "organization_id")
    },
}


_Values = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search whose kinds and networks have been looked up: plain values by filter."""

    wanted: _Values
    unwanted: _Values
    span: Span


async def page(
    database: Database,
    search: Search,
    *,
    count: int,
    before: str | None = None,
    after: str | None = None,
    among: Sequence[str] | None = None,
) -> list[AuditRow]:
    """The newest `count` events that match, newest first; the words of `search` are not looked at.

    With `before`, of those older than that event; with `after`, the `count` that followed it.
    With `among`, only of the events with these ids.

    Raises:
        Refusal: invalid_input, naming a filter that would take too long.
    """
    asked = await _looked_up(database, search, span_of(search, before, after), among)
    if asked is None:
        return []
    lead = await _lead(database, asked, count)
    statement = _page(
        lead,
        lead == "ids" or len(asked.wanted.get(lead or "", ())) > 1,
        frozenset(asked.wanted) - {lead},
        frozenset(asked.unwanted),
        asked.span.exact,
        after is not None,
    )
    params = _params(asked, lead)
    rows = await database.scan(statement, count=count, **params)
    found = [AuditRow(*row) for row in rows]
    return found if after is None else found[::-1]


async def seals_of(database: Database, event_ids: Sequence[str]) -> dict[str, Seal]:
    """The seals of events, of those that have one yet."""
    rows = await database.scan(_SEALS, events=list(event_ids))
    return {
        event_id: Seal(position, leaf_hash(event_id, digest)) for event_id, position, digest in rows
    }


async def _looked_up(
    database: Database, search: Search, span: Span, among: Sequence[str] | None
) -> _Asked | None:
    """Look up what the filters mean; None if no event can match."""
    choices = dict(search.choices())
    wanted = {name: sorted(choice.wanted) for name, choice in choices.items() if choice.wanted}
    unwanted = {name: sorted(choice.unwanted) for name, choice in choices.items()}
    for name in KIND:
        wanted.pop(name, None)
        unwanted.pop(name, None)
    if any(name in choices for name in KIND):
        kinds = await fitting_kinds(database, search)
        if kinds is not None:
            wanted["kind"] = kinds
    if "actor_ip" in choices:
        await _look_up_addresses(database, choices["actor_ip"], wanted, unwanted)
    if among is not None:
        wanted["ids"] = sorted(among)
    if any(not values for values in wanted.values()):
        return None
    return _Asked(wanted, {name: values for name, values in unwanted.items() if values}, span)


async def _look_up_addresses(
    database: Database, choice: Choice, wanted: _Values, unwanted: _Values
) -> None:
    if choice.wanted:
        meant = await wanted_addresses(database, choice)
        del wanted["actor_ip"]
        wanted.update(_spelled(meant))
    meant = await unwanted_addresses(database, choice)
    del unwanted["actor_ip"]
    unwanted.update(_spelled(meant))


def _spelled(meant: Addresses) -> _Values:
    if meant.patterns is None:
        return {"actor_ip": sorted(meant.texts)}
    return {"address_like": sorted(meant.patterns)}


async def _lead(database: Database, asked: _Asked, count: int) -> str | None:
    """Choose the filter to follow: that with the fewest events."""
    names = [name for name in _PRIORITY if name in asked.wanted]
    if not names:
        return None
    lead = names[0]
    if len(names) > 1 and lead not in {"ids", "request_id"}:
        counts = {name: await _counted(database, asked, name) for name in names}
        lead = min(names, key=counts.__getitem__)
    if len(asked.wanted[lead]) * count > MOST_FOLLOWED and lead != "ids":
        counted = await _counted(database, asked, lead)
        return lead if counted < MOST_COUNTED else None
    return lead


async def _counted(database: Database, asked: _Asked, name: str) -> int:
    """How many events a filter leaves, or is expected to leave, in this span."""
    params: dict[str, object] = {
        "values": asked.wanted[name],
        "lowest": asked.span.lowest,
        "highest": asked.span.highest,
    }
    if database.engine is Engine.SQLITE:
        ((count,),) = await database.scan(_count(name), most=MOST_COUNTED, **params)
        return int(count)
    ((plan,),) = await database.scan(_count(name), **params)
    return int(msgspec.json.decode(plan)[0]["Plan"]["Plan Rows"])


def _params(asked: _Asked, lead: str | None) -> dict[str, object]:
    params: dict[str, object] = {"lowest": asked.span.lowest, "highest": asked.span.highest}
    for name, values in asked.wanted.items():
        alone = name == lead != "ids" and len(values) == 1
        params[f"wanted_{name}"] = values[0] if alone else list(values)
    params |= {f"unwanted_{name}": list(values) for name, values in asked.unwanted.items()}
    return params | {name: getattr(asked.span, name) for name in asked.span.exact}


def _expression(table: FromClause, name: str) -> ColumnElement[Any]:
    """What a filter is about, spelled as its index has it."""
    return kind_of(table) if name == "kind" else table.c[_COLUMNS[name]]


def _listed(name: str, engine: Engine) -> Any:
    """The values of a parameter that holds several, as rows."""
    if engine is Engine.SQLITE:
        return func.json_each(bindparam(name, type_=Document)).table_valued(column("value", Text))
    several = func.unnest(bindparam(name, type_=Array(Text())))
    return several.table_valued(column("value", Text)).render_derived()


def _in(value: ColumnElement[Any], name: str, engine: Engine) -> ColumnElement[bool]:
    if engine is Engine.SQLITE:
        return value.in_(select(_listed(name, engine).c.value))
    return value == any_(bindparam(name, type_=Array(Text())))


def _like(value: ColumnElement[Any], name: str, engine: Engine) -> ColumnElement[bool]:
    if engine is Engine.SQLITE:
        patterns = _listed(name, engine)
        return exists().where(value.like(patterns.c.value))
    return value.bool_op("LIKE")(any_(bindparam(name, type_=Array(Text()))))


def _among(name: str) -> Callable[[ColumnElement[Any], str, Engine], ColumnElement[bool]]:
    return _like if name == "address_like" else _in


def _unled(value: ColumnElement[Any], engine: Engine) -> ColumnElement[Any]:
    """A value that is to be looked at, not looked up: for SQLite, which plans by guessing."""
    if engine is Engine.POSTGRES:
        return value
    return literal_column("''", Text).op("||")(value)


def _bound(name: str, type_: Any = Text) -> Any:
    return bindparam(name, type_=type_)


def _conditions(
    table: FromClause,
    engine: Engine,
    wanted: frozenset[str],
    unwanted: frozenset[str],
    exact: frozenset[str],
    *,
    led: bool = False,
) -> list[ColumnElement[bool]]:
    place = _unled(table.c.id, engine) if led else table.c.id
    conditions = [place > _bound("lowest"), place < _bound("highest")]
    for name in sorted(wanted):
        value = _unled(_expression(table, name), engine)
        conditions.append(_among(name)(value, f"wanted_{name}", engine))
    for name in sorted(unwanted):
        value = _unled(_expression(table, name), engine)
        refused = _among(name)(value, f"unwanted_{name}", engine)
        conditions.append(or_(value.is_(None), not_(refused)))
    created_at = _unled(table.c.created_at, engine)
    moment = audit_logs.c.created_at.type
    if "start_time" in exact:
        conditions.append(created_at >= _bound("start_time", moment))
    if "end_time" in exact:
        conditions.append(created_at <= _bound("end_time", moment))
    return conditions


@lru_cache(16)
def _count(name: str) -> Statement:
    """SQLite counts, up to a limit; Postgres has statistics, and counting would read the rows."""

    def some(engine: Engine) -> Select[Any]:
        return select(audit_logs.c.id).where(
            _in(_expression(audit_logs, name), "values", engine),
            audit_logs.c.id > _bound("lowest"),
            audit_logs.c.id < _bound("highest"),
        )

    counted = some(Engine.SQLITE).limit(_bound("most", Integer)).subquery()
    return Statement(
        select(func.count()).select_from(counted), postgres=_Plan(some(Engine.POSTGRES))
    )


class _Plan(Executable, ClauseElement):
    """What Postgres would do to carry out a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Plan)
def _plan(element: _Plan, compiler: Any, **more: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **more)}"


@lru_cache(512)
def _page(
    lead: str | None,
    several: bool,  # noqa: FBT001 - part of a key
    wanted: frozenset[str],
    unwanted: frozenset[str],
    exact: frozenset[str],
    ascending: bool,  # noqa: FBT001 - part of a key
) -> Statement:
    """One statement for each set of filters, compiled once."""

    def newest(found: Select[Any], table: FromClause) -> Select[Any]:
        order = table.c.id.asc() if ascending else table.c.id.desc()
        return found.order_by(order).limit(_bound("count", Integer))

    def spelled(engine: Engine) -> Executable:
        if lead is None or not several:
            conditions = _conditions(audit_logs, engine, wanted, unwanted, exact)
            if lead is not None:
                leading = _expression(audit_logs, lead)
                conditions.append(leading == _bound(f"wanted_{lead}"))
            return newest(select(audit_logs).where(*conditions), audit_logs)
        values = _listed(f"wanted_{lead}", engine)
        if lead == "ids":
            conditions = _conditions(audit_logs, engine, wanted, unwanted, exact, led=True)
            joined = values.join(audit_logs, audit_logs.c.id == values.c.value)
            return newest(select(audit_logs).select_from(joined).where(*conditions), audit_logs)
        each = audit_logs.alias("each")
        conditions = _conditions(each, engine, wanted, unwanted, exact)
        conditions.append(_expression(each, lead) == values.c.value)
        if engine is Engine.POSTGRES:
            found = lateral(newest(select(each).where(*conditions), each))
            return newest(select(found).select_from(values.join(found, true())), found)
        ids = newest(select(each.c.id).where(*conditions).correlate(values), each)
        joined = values.join(audit_logs, audit_logs.c.id.in_(ids))
        return newest(select(audit_logs).select_from(joined), audit_logs)

    return Statement(spelled(Engine.SQLITE), postgres=spelled(Engine.POSTGRES))


def _seals() -> Statement:
    seal = audit_seals.c
    found = select(seal.event_id, seal.position, seal.digest)

    def spelled(engine: Engine) -> Select[Any]:
        return found.where(_in(seal.event_id, "events", engine))

    return Statement(spelled(Engine.SQLITE), postgres=spelled(Engine.POSTGRES))


_SEALS: Final = _seals()
