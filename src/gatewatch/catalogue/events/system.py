"""The server itself."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStarted(Event):
    """A process began to serve."""

    type: ClassVar[str] = "SERVER_STARTED"
    action: ClassVar[str] = "system.started"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.SERVER
    version: str
    emitter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStopped(Event):
    """A process stopped serving, in order."""

    type: ClassVar[str] = "SERVER_STOPPED"
    action: ClassVar[str] = "system.stopped"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.SERVER
    emitter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDied(Event):
    """A worker process ended on its own and was replaced."""

    type: ClassVar[str] = "WORKER_DIED"
    action: ClassVar[str] = "system.worker_died"
    severity: ClassVar[Severity] = Severity.ERROR
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.SERVER
    worker: int
    exit_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyCreated(Event):
    """A key for signing tokens was made."""

    type: ClassVar[str] = "SIGNING_KEY_CREATED"
    action: ClassVar[str] = "keys.created"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.KEY
    resource_id: ClassVar[str | None] = "key_id"
    key_id: str
    algorithm: str


EVENTS = (ServerStarted, ServerStopped, WorkerDied, SigningKeyCreated)
