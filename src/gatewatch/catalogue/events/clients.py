"""OAuth clients."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import ClientAuthentication


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCreated(Event):
    """A client was registered."""

    type: ClassVar[str] = "CLIENT_CREATED"
    action: ClassVar[str] = "clients.created"
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str
    client_type: str
    grant_types: tuple[str, ...]
    scope: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUpdated(Event):
    """A client's registration was changed."""

    type: ClassVar[str] = "CLIENT_UPDATED"
    action: ClassVar[str] = "clients.updated"
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDisabled(Event):
    """A client was disabled: it gets no tokens, and those it has stopped working."""

    type: ClassVar[str] = "CLIENT_DISABLED"
    action: ClassVar[str] = "clients.disabled"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEnabled(Event):
    """A disabled client works again."""

    type: ClassVar[str] = "CLIENT_ENABLED"
    action: ClassVar[str] = "clients.enabled"
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted(Event):
    """A client was removed."""

    type: ClassVar[str] = "CLIENT_DELETED"
    action: ClassVar[str] = "clients.deleted"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRegenerated(Event):
    """A client was given a new secret."""

    type: ClassVar[str] = "CLIENT_SECRET_REGENERATED"
    action: ClassVar[str] = "clients.secret_regenerated"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    resource_name: ClassVar[str | None] = "client_name"
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRefused(Event):
    """A client could not prove who it is."""

    type: ClassVar[str] = "AUTHENTICATION_FAILURE"
    action: ClassVar[str] = "clients.authentication_failed"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.CLIENT
    resource_id: ClassVar[str | None] = "client_id"
    client_id: str | None
    outcome: ClientAuthentication


EVENTS = (
    ClientCreated,
    ClientUpdated,
    ClientDisabled,
    ClientEnabled,
    ClientDeleted,
    ClientSecretRegenerated,
    ClientRefused,
)
