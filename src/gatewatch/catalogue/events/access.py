"""Signed-in requests that were turned away."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import AccessRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRefused(Event):
    """A request came with a valid session, but without the right to do what it asked."""

    type: ClassVar[str] = "ACCESS_DENIED"
    action: ClassVar[str] = "auth.access.denied"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    account_id: str | None
    reason: AccessRefusal


EVENTS = (AccessRefused,)
