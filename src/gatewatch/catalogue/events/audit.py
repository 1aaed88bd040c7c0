"""The audit log, read and purged."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity
from gatewatch.catalogue.retention import RetentionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditViewed(Event):
    """Someone read the audit log."""

    type: ClassVar[str] = "AUDIT_LOG_VIEWED"
    action: ClassVar[str] = "audit.viewed"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    filters: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """Someone began to export the audit log; what they got is said when it ends."""

    type: ClassVar[str] = "AUDIT_LOG_EXPORTED"
    action: ClassVar[str] = "audit.exported"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "export_id"
    resource_name: ClassVar[str | None] = "file_name"
    export_id: str
    file_name: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExportEnded(Event):
    """An export of the audit log ended: whole, or broken off."""

    type: ClassVar[str] = "AUDIT_LOG_EXPORT_ENDED"
    action: ClassVar[str] = "audit.export_ended"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "export_id"
    resource_name: ClassVar[str | None] = "file_name"
    export_id: str
    file_name: str
    rows: int
    sha256: str
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPurged(Event):
    """Events beyond their retention were removed from the audit log."""

    type: ClassVar[str] = "AUDIT_LOG_PURGED"
    action: ClassVar[str] = "audit.purged"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    rows: int
    older_than: str
    retention_class: RetentionClass
    archive: str | None
    """The file that they were written to before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHoldPlaced(Event):
    """What some filters find is kept, however old it gets."""

    type: ClassVar[str] = "AUDIT_HOLD_PLACED"
    action: ClassVar[str] = "audit.hold_placed"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "hold_id"
    resource_name: ClassVar[str | None] = "name"
    hold_id: str
    name: str
    filters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHoldReleased(Event):
    """A hold was taken away: what it kept may be removed."""

    type: ClassVar[str] = "AUDIT_HOLD_RELEASED"
    action: ClassVar[str] = "audit.hold_released"
    severity: ClassVar[Severity] = Severity.CRITICAL
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "hold_id"
    resource_name: ClassVar[str | None] = "name"
    hold_id: str
    name: str
    filters: str


EVENTS = (
    AuditViewed,
    AuditExported,
    AuditExportEnded,
    AuditPurged,
    AuditHoldPlaced,
    AuditHoldReleased,
)
