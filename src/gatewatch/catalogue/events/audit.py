"""The audit log, read and purged."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity


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
class AuditPurged(Event):
    """Events beyond their retention were removed from the audit log."""

    type: ClassVar[str] = "AUDIT_LOG_PURGED"
    action: ClassVar[str] = "audit.purged"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    rows: int
    older_than: str


EVENTS = (AuditViewed, AuditPurged)
