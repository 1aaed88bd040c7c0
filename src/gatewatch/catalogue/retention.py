"""Classes of events that are kept for different times."""

from enum import StrEnum
from typing import Final

from gatewatch.catalogue.event import ResourceType, Severity, Status


class RetentionClass(StrEnum):
    """What an event is kept for; the first that fits counts."""

    SECURITY = "security"
    """Whatever is not routine: of a severity above INFO, or a failure."""
    ADMINISTRATION = "administration"
    """Changes of accounts, clients, keys and settings, and what the audit log says of itself."""
    ACCESS = "access"
    """People who sign in and out."""
    TOKENS = "tokens"
    """Codes and tokens that programs are given."""


_ADMINISTERED: Final = {
    ResourceType.CLIENT,
    ResourceType.KEY,
    ResourceType.SERVER,
    ResourceType.AUDIT_LOG,
    ResourceType.AUDIT_SINK,
}
_GRANTED: Final = {ResourceType.TOKEN, ResourceType.DEVICE_CODE}


def class_of(action: str, severity: str, status: str, resource_type: str | None) -> RetentionClass:
    """The class of an event, by what is written down of it."""
    if severity != Severity.INFO or status != Status.SUCCESS:
        return RetentionClass.SECURITY
    if resource_type in _ADMINISTERED or action.startswith("users."):
        return RetentionClass.ADMINISTRATION
    return RetentionClass.TOKENS if resource_type in _GRANTED else RetentionClass.ACCESS
