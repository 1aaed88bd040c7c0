"""What kind of thing each action is, in the vocabularies of OCSF 1.8 and of ECS 8.

An action that is not listed is told by what it is about, as "other" activity of that class, so
that an event that was added yesterday is delivered in sensible words today.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from gatewatch.audit.row import AuditRow


class OcsfClass(IntEnum):
    """Classes of OCSF that events of a sign-in server belong to, by ``class_uid``."""

    EVENT_LOG_ACTIVITY = 1008
    DETECTION_FINDING = 2004
    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    AUTHORIZE_SESSION = 3003
    ENTITY_MANAGEMENT = 3004
    APPLICATION_LIFECYCLE = 6002


OTHER: Final = 99
"""An activity that the class has no number for (OCSF, ``activity_id``)."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """An action in both vocabularies."""

    ocsf: OcsfClass
    activity: int
    name: str
    """The activity's name; ours where OCSF has none."""
    category: tuple[str, ...]
    """ECS ``event.category``."""
    type: tuple[str, ...]
    """ECS ``event.type``."""


def _login(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.AUTHENTICATION, activity, name, ("authentication",), types)


def _session(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.AUTHENTICATION, activity, name, ("authentication", "session"), types)


def _grant(name: str) -> Meaning:
    return Meaning(OcsfClass.AUTHORIZE_SESSION, 1, name, ("authentication",), ("info",))


def _account(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.ACCOUNT_CHANGE, activity, name, ("iam",), ("user", *types))


def _entity(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.ENTITY_MANAGEMENT, activity, name, ("iam",), types)


def _log(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.EVENT_LOG_ACTIVITY, activity, name, ("configuration",), types)


def _server(activity: int, name: str, *types: str) -> Meaning:
    return Meaning(OcsfClass.APPLICATION_LIFECYCLE, activity, name, ("process",), types)


_SUSPICION: Final = Meaning(
    OcsfClass.DETECTION_FINDING, 1, "Create", ("intrusion_detection",), ("denied",)
)

_BY_ACTION: Final[dict[str, Meaning]] = {
    "auth.login": _login(1, "Logon", "start"),
    "auth.login.failed": _login(1, "Logon", "start"),
    "auth.oauth.login": _login(1, "Logon", "start"),
    "auth.throttle.blocked": _login(1, "Logon", "start"),
    "auth.logout": _session(2, "Logoff", "end"),
    "auth.session.ended": _session(2, "Logoff", "end"),
    "auth.session.refreshed": _session(5, "Service Ticket Renew", "info"),
    "auth.mfa.disabled": _account(11, "MFA Factor Disable", "change"),
    "auth.access.denied": _session(OTHER, "Access", "info"),
    "users.created": _account(1, "Create", "creation"),
    "users.enabled": _account(2, "Enable", "change"),
    "users.disabled": _account(5, "Disable", "change"),
    "clients.created": _entity(1, "Create", "creation"),
    "clients.updated": _entity(3, "Update", "change"),
    "clients.deleted": _entity(4, "Delete", "deletion"),
    "clients.enabled": _entity(8, "Enable", "change"),
    "clients.disabled": _entity(9, "Disable", "change"),
    "clients.secret_regenerated": _entity(3, "Update", "change"),
    "clients.authentication_failed": _login(1, "Logon", "start"),
    "oauth.device.code_generated": _login(6, "Preauth", "info"),
    "oauth.device.code_authorized": _grant("Assign Privileges"),
    "oauth.device.code_denied": _login(6, "Preauth", "info"),
    "oauth.device.user_code_refused": _login(6, "Preauth", "info"),
    "oauth.token.access_issued": _grant("Assign Privileges"),
    "oauth.token.refresh_issued": _grant("Assign Privileges"),
    "oauth.token.refreshed": _login(5, "Service Ticket Renew", "info"),
    "audit.purged": _log(2, "Delete", "deletion"),
    "audit.exported": _log(3, "Export", "access"),
    "audit.archived": _log(4, "Archive", "access"),
    "audit.viewed": _log(OTHER, "Read", "access"),
    "audit.sink.added": _log(9, "Enable", "creation"),
    "audit.sink.resumed": _log(9, "Enable", "change"),
    "audit.sink.removed": _log(10, "Disable", "deletion"),
    "audit.sink.paused": _log(10, "Disable", "change"),
    "system.started": _server(3, "Start", "start"),
    "system.stopped": _server(4, "Stop", "end"),
    "keys.created": _entity(1, "Create", "creation"),
}

_BY_RESOURCE: Final[dict[str | None, Meaning]] = {
    "USER": _account(OTHER, "Other", "info"),
    "CLIENT": _entity(OTHER, "Other", "info"),
    "KEY": _entity(OTHER, "Other", "info"),
    "SESSION": _session(OTHER, "Other", "info"),
    "TOKEN": _login(OTHER, "Other", "info"),
    "DEVICE_CODE": _login(OTHER, "Other", "info"),
    "AUDIT_LOG": _log(OTHER, "Other", "info"),
    "AUDIT_SINK": _log(OTHER, "Other", "info"),
    "SERVER": _server(OTHER, "Other", "info"),
}

_ANYTHING: Final = _entity(OTHER, "Other", "info")

_SUSPICIOUS: Final = "SUSPICIOUS_ACTIVITY"


def meaning_of(row: AuditRow) -> Meaning:
    """What an event is to others."""
    if row.event_type == _SUSPICIOUS:
        return _SUSPICION
    return _BY_ACTION.get(row.action) or _BY_RESOURCE.get(row.resource_type, _ANYTHING)
