"""A row of the audit log: an event, stamped with who, where and when."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import msgspec

from gatewatch.audit.masking import clean, clean_or_none, written
from gatewatch.catalogue.event import Event
from gatewatch.kernel.actor import Actor, ActorKind, Origin
from gatewatch.kernel.ids import EventId

ID_LENGTH: Final = 200
"""Characters kept of an id, ours or one that a caller sent."""
NAME_LENGTH: Final = 300
"""Characters kept of a name."""
AGENT_LENGTH: Final = 500
"""Characters kept of a user agent or a path."""


class AuditRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event as it is kept. The order of the fields is that of the table's columns.

    A field that is added comes last and has a default, so that a spool written by an earlier
    release can still be read.
    """

    id: str
    created_at: datetime
    event_type: str
    action: str
    severity: str
    status: str
    actor_id: str | None
    actor_type: str
    actor_name: str | None
    organization_id: str | None
    client_id: str | None
    session_id: str | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    trace_id: str | None
    request_method: str | None
    request_path: str | None
    resource_type: str | None
    resource_id: str | None
    resource_name: str | None
    reason: str | None
    metadata: dict[str, Any]
    emitter: str
    sequence: int
    kept_before: int = 0
    """How many events of its emitter were rows for good when it was made."""


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What tells one event from all others."""

    id: EventId
    at: datetime
    emitter: str
    """The process that recorded it."""
    sequence: int
    """The how-manieth event of that process."""
    kept_before: int = 0
    """How many of that process's events are rows for good by now."""


def compose(event: Event, stamp: Stamp, actor: Actor, origin: Origin) -> AuditRow:
    """Write an event down as a row that any database takes."""
    plan = _PLANS[type(event)]
    metadata = written(event)
    told = metadata.get
    actor_id = clean_or_none(actor.id, ID_LENGTH)
    return AuditRow(
        stamp.id,
        stamp.at,
        plan.type,
        plan.action,
        plan.severity,
        plan.status,
        actor_id,
        _KINDS[actor.kind],
        clean_or_none(actor.name, NAME_LENGTH),
        None,
        _text(told("client_id"), ID_LENGTH)
        or (actor_id if actor.kind is ActorKind.CLIENT else None),
        _text(told("session_id"), ID_LENGTH) or clean_or_none(origin.session_id, ID_LENGTH),
        clean_or_none(origin.address, ID_LENGTH),
        clean_or_none(origin.user_agent, AGENT_LENGTH),
        clean_or_none(origin.request_id, ID_LENGTH),
        clean_or_none(origin.trace_id, ID_LENGTH),
        clean_or_none(origin.method, ID_LENGTH),
        clean_or_none(origin.path, AGENT_LENGTH),
        plan.resource,
        _text(told(plan.resource_id), ID_LENGTH),
        _text(told(plan.resource_name), NAME_LENGTH),
        _text(told(plan.reason), NAME_LENGTH),
        metadata,
        stamp.emitter,
        stamp.sequence,
        stamp.kept_before,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every event of a class."""

    type: str
    action: str
    severity: str
    status: str
    resource: str | None
    resource_id: str
    resource_name: str
    reason: str


class _Plans(dict[type[Event], _Plan]):
    def __missing__(self, event: type[Event]) -> _Plan:
        names = {field.name for field in fields(event)}
        plan = _Plan(
            type=event.type,
            action=event.action,
            severity=event.severity.value,
            status=event.status.value,
            resource=None if event.resource is None else event.resource.value,
            resource_id=event.resource_id or "",
            resource_name=event.resource_name or "",
            reason=next((name for name in ("reason", "outcome") if name in names), ""),
        )
        self[event] = plan
        return plan


_PLANS: Final = _Plans()
_KINDS: Final = {kind: kind.value for kind in ActorKind}


def _text(value: object, length: int) -> str | None:
    return None if value is None else clean(str(value), length)
