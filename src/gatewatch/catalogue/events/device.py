"""The device grant (RFC 8628)."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import UserCodeLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeGenerated(Event):
    """A program without a browser asked for a code."""

    type: ClassVar[str] = "DEVICE_CODE_GENERATED"
    action: ClassVar[str] = "oauth.device.code_generated"
    resource: ClassVar[ResourceType | None] = ResourceType.DEVICE_CODE
    resource_id: ClassVar[str | None] = "grant_id"
    grant_id: str
    client_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeAuthorized(Event):
    """A person approved a device in the browser."""

    type: ClassVar[str] = "DEVICE_CODE_AUTHORIZED"
    action: ClassVar[str] = "oauth.device.code_authorized"
    resource: ClassVar[ResourceType | None] = ResourceType.DEVICE_CODE
    resource_id: ClassVar[str | None] = "grant_id"
    grant_id: str
    client_id: str
    account_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeDenied(Event):
    """A person refused a device in the browser."""

    type: ClassVar[str] = "DEVICE_CODE_DENIED"
    action: ClassVar[str] = "oauth.device.code_denied"
    severity: ClassVar[Severity] = Severity.WARNING
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.DEVICE_CODE
    resource_id: ClassVar[str | None] = "grant_id"
    grant_id: str
    client_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodeReplayed(Event):
    """A device code that had already been exchanged came back; what it had issued was revoked."""

    type: ClassVar[str] = "SUSPICIOUS_ACTIVITY"
    action: ClassVar[str] = "oauth.device.code_replayed"
    severity: ClassVar[Severity] = Severity.CRITICAL
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.DEVICE_CODE
    resource_id: ClassVar[str | None] = "grant_id"
    grant_id: str
    client_id: str
    account_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCodeRefused(Event):
    """A signed-in person entered a code that leads nowhere."""

    type: ClassVar[str] = "DEVICE_CODE_REFUSED"
    action: ClassVar[str] = "oauth.device.user_code_refused"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.DEVICE_CODE
    account_id: str
    outcome: UserCodeLookup


EVENTS = (
    DeviceCodeGenerated,
    DeviceCodeAuthorized,
    DeviceCodeDenied,
    DeviceCodeReplayed,
    UserCodeRefused,
)
