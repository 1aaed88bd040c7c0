"""A row of every event in the catalogue, with something in each of its fields."""

from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from gatewatch.audit.formats.record import Observer, Record, Seal
from gatewatch.audit.row import AuditRow, Stamp, compose
from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events import EVENTS
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.ids import EventId

AT = datetime(2026, 2, 8, 10, 30, 15, 123456, tzinfo=UTC)
ADA = Actor.account("acc_ada", "ada@example.com")
BROWSER = Origin(
    address="198.51.100.7",
    user_agent="Mozilla/5.0",
    request_id="req_1",
    method="POST",
    path="/login",
    session_id="ses_1",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
)
OBSERVER = Observer("https://id.example.com", "atlas", "0.1.0")
SEAL = Seal(41, bytes(range(32)))


def row_of(event: Event, actor: Actor = ADA, origin: Origin = BROWSER, number: int = 1) -> AuditRow:
    stamp = Stamp(EventId(f"evt_{number:032x}"), AT, "emt_1", number)
    return compose(event, stamp, actor, origin)


def event_of(kind: type[Event]) -> Event:
    hints = get_type_hints(kind)
    return kind(**{field.name: _value(field.name, hints[field.name]) for field in fields(kind)})


def _value(name: str, hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if get_origin(hint) in (Union, UnionType):
        return _value(name, get_args(hint)[0])
    if get_origin(hint) is tuple:
        return (_value(name, get_args(hint)[0]),)
    values = {str: f"{name} 1", int: 3, float: 0.5, bool: True, datetime: AT}
    return values[hint]


ROWS = [row_of(event_of(kind), number=number) for number, kind in enumerate(EVENTS, 1)]
RECORDS = [Record(row, SEAL) for row in ROWS]
NAMES = [row.action for row in ROWS]
