"""An audit event: one fact, with its two names, its weight, and how surely it is kept."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, ClassVar, get_args, get_origin, get_type_hints


class Severity(StrEnum):
    """How grave a fact is; the words of AuthGate's guide."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class Durability(StrEnum):
    """How an event reaches the audit log."""

    COMMITTED = "committed"
    """A row in the transaction of the change it records."""
    SPOOLED = "spooled"
    """Appended to the process's spool before the response, batched into the table."""


class Status(StrEnum):
    """Whether what was tried came about; the words of IdentSphere's guide."""

    SUCCESS = "success"
    FAILURE = "failure"


class ResourceType(StrEnum):
    """What kind of thing an event is about."""

    ACCOUNT = "USER"
    CLIENT = "CLIENT"
    TOKEN = "TOKEN"  # noqa: S105 - a kind of resource, not a secret
    DEVICE_CODE = "DEVICE_CODE"
    SESSION = "SESSION"
    KEY = "KEY"
    AUDIT_LOG = "AUDIT_LOG"
    AUDIT_SINK = "AUDIT_SINK"
    SERVER = "SERVER"


class Kind(StrEnum):
    """What a field holds, and so how it is written down."""

    PLAIN = "plain"
    PERSONAL = "personal"
    """Belongs to a person: erased with them."""
    SECRET = "secret"  # noqa: S105 - the name of a kind, not a secret
    """Never written down: a mark stands in its place."""


Personal = Annotated[str, Kind.PERSONAL]
"""Text that belongs to a person: an address, a name, what they typed into a form."""

REDACTED = "***REDACTED***"
"""What stands where a secret was; the mark of AuthGate's guide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The root of every event. A subclass is one fact; its docstring is its documentation."""

    type: ClassVar[str]
    """AuthGate's vocabulary, such as ``AUTHENTICATION_FAILURE``."""
    action: ClassVar[str]
    """IdentSphere's vocabulary, such as ``auth.login.failed``."""
    severity: ClassVar[Severity] = Severity.INFO
    durability: ClassVar[Durability] = Durability.COMMITTED
    status: ClassVar[Status] = Status.SUCCESS
    resource: ClassVar[ResourceType | None] = None
    resource_id: ClassVar[str | None] = None
    """The name of the field that identifies the resource."""
    resource_name: ClassVar[str | None] = None
    """The name of the field that names the resource as it was."""


def field_kinds(event: type[Event]) -> dict[str, Kind]:
    """What each field of an event holds, in the order of declaration."""
    hints = get_type_hints(event, include_extras=True)
    return {field.name: _kind(hints[field.name]) for field in fields(event)}


def _kind(hint: object) -> Kind:
    if get_origin(hint) is Annotated:
        return next((mark for mark in get_args(hint)[1:] if isinstance(mark, Kind)), Kind.PLAIN)
    return next(
        (kind for part in get_args(hint) if (kind := _kind(part)) is not Kind.PLAIN), Kind.PLAIN
    )
