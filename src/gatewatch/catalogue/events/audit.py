"""The audit log, read."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditViewed(Event):
    """Someone read the audit log."""

    type: ClassVar[str] = "AUDIT_LOG_VIEWED"
    action: ClassVar[str] = "audit.viewed"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    filters: tuple[str, ...]
    rows: int


EVENTS = (AuditViewed,)
