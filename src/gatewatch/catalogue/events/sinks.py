"""The receivers that the audit log is delivered to."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import SinkKind, SinkTest


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkAdded(Event):
    """The audit log began to be delivered to another receiver."""

    type: ClassVar[str] = "AUDIT_SINK_ADDED"
    action: ClassVar[str] = "audit.sink.added"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    address: str
    format: str
    min_severity: Severity
    event_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkRemoved(Event):
    """A receiver of the audit log was removed: it is told of nothing any more."""

    type: ClassVar[str] = "AUDIT_SINK_REMOVED"
    action: ClassVar[str] = "audit.sink.removed"
    severity: ClassVar[Severity] = Severity.CRITICAL
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkPaused(Event):
    """Delivery to a receiver was stopped for the time being."""

    type: ClassVar[str] = "AUDIT_SINK_PAUSED"
    action: ClassVar[str] = "audit.sink.paused"
    severity: ClassVar[Severity] = Severity.CRITICAL
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkResumed(Event):
    """Delivery to a paused receiver went on where it had stopped."""

    type: ClassVar[str] = "AUDIT_SINK_RESUMED"
    action: ClassVar[str] = "audit.sink.resumed"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkReplayed(Event):
    """A receiver is sent again what came after a position in the log, or goes on from there."""

    type: ClassVar[str] = "AUDIT_SINK_REPLAYED"
    action: ClassVar[str] = "audit.sink.replayed"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    from_position: int
    was_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkTested(Event):
    """A heartbeat was sent to a receiver because somebody wanted to see it arrive."""

    type: ClassVar[str] = "AUDIT_SINK_TESTED"
    action: ClassVar[str] = "audit.sink.tested"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    outcome: SinkTest
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkFailed(Event):
    """A receiver could not be told, several times in a row; what happens meanwhile waits for it."""

    type: ClassVar[str] = "AUDIT_SINK_FAILED"
    action: ClassVar[str] = "audit.sink.failed"
    severity: ClassVar[Severity] = Severity.ERROR
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkRecovered(Event):
    """A receiver that had failed takes events again."""

    type: ClassVar[str] = "AUDIT_SINK_RECOVERED"
    action: ClassVar[str] = "audit.sink.recovered"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSinkRefusedEvent(Event):
    """A receiver that takes other events would not have this one: it was put aside."""

    type: ClassVar[str] = "AUDIT_SINK_REFUSED_EVENT"
    action: ClassVar[str] = "audit.sink.refused_event"
    severity: ClassVar[Severity] = Severity.ERROR
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_SINK
    resource_id: ClassVar[str | None] = "sink_id"
    resource_name: ClassVar[str | None] = "name"
    sink_id: str
    name: str
    kind: SinkKind
    event_id: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHeartbeat(Event):
    """A sign of life, delivered to every receiver whatever it filters, to time the way there."""

    type: ClassVar[str] = "AUDIT_HEARTBEAT"
    action: ClassVar[str] = "audit.heartbeat"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    every_seconds: int


EVENTS = (
    AuditSinkAdded,
    AuditSinkRemoved,
    AuditSinkPaused,
    AuditSinkResumed,
    AuditSinkReplayed,
    AuditSinkTested,
    AuditSinkFailed,
    AuditSinkRecovered,
    AuditSinkRefusedEvent,
    AuditHeartbeat,
)
