"""Open Cybersecurity Schema Framework 1.8 (https://schema.ocsf.io/1.8.0).

An event that is sealed also has the profile ``record_integrity``, which the framework's next
version brings: its fingerprint is the leaf's hash in the log's Merkle tree.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from gatewatch.audit.formats.meanings import Meaning, OcsfClass, meaning_of
from gatewatch.audit.formats.record import (
    PRODUCT,
    Observer,
    Record,
    account_of,
    meaning,
    milliseconds,
    present,
    scope_of,
)
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Severity, Status

VERSION: Final = "1.8.0"

SEVERITIES: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.WARNING: (3, "Medium"),
    Severity.ERROR: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
"""``severity_id`` and its caption."""

_CATEGORIES: Final = {1: "System Activity", 2: "Findings", 3: "Identity & Access Management"}
_APPLICATION: Final = "Application Activity"
_CLASSES: Final = {
    OcsfClass.EVENT_LOG_ACTIVITY: "Event Log Activity",
    OcsfClass.DETECTION_FINDING: "Detection Finding",
    OcsfClass.ACCOUNT_CHANGE: "Account Change",
    OcsfClass.AUTHENTICATION: "Authentication",
    OcsfClass.AUTHORIZE_SESSION: "Authorize Session",
    OcsfClass.ENTITY_MANAGEMENT: "Entity Management",
    OcsfClass.APPLICATION_LIFECYCLE: "Application Lifecycle",
}

_DETAILS: Final = {
    "unknown_account": "USER_DOES_NOT_EXIST",
    "wrong_password": "INVALID_CREDENTIALS",
    "no_password": "INVALID_CREDENTIALS",
    "wrong_secret": "INVALID_CREDENTIALS",
    "missing_secret": "INVALID_CREDENTIALS",
    "disabled": "ACCOUNT_DISABLED",
}
"""Our outcomes as OCSF's authentication class words them; another is told as it is."""

_USER_KINDS: Final = {"account": 1, "operator": 2, "system": 3, "client": 4}
"""``user.type_id``: user, administrator, system, service."""

_OAUTH: Final = 6
_PASSWORD: Final = 11
_SHA_256: Final = 3


def document(record: Record, observer: Observer) -> dict[str, Any]:
    """An event as an OCSF object."""
    row, means = record.row, meaning_of(record.row)
    return {
        **_classified(row, means),
        **_described(row),
        "metadata": _metadata(record, observer),
        **_CLASS_MEMBERS[means.ocsf](row, observer),
        **present(actor=_actor(row), unmapped=_unmapped(row)),
        **_integrity(record, observer),
    }


def _classified(row: AuditRow, means: Meaning) -> dict[str, Any]:
    class_uid = int(means.ocsf)
    category = class_uid // 1000
    type_uid = class_uid * 100 + means.activity
    severity_id, severity = SEVERITIES[Severity(row.severity)]
    return {
        "activity_id": means.activity,
        "activity_name": means.name,
        "category_uid": category,
        "category_name": _CATEGORIES.get(category, _APPLICATION),
        "class_uid": class_uid,
        "class_name": _CLASSES[means.ocsf],
        "type_uid": type_uid,
        "type_name": f"{_CLASSES[means.ocsf]}: {means.name}",
        "severity_id": severity_id,
        "severity": severity,
    }


def _described(row: AuditRow) -> dict[str, Any]:
    succeeded = row.status == Status.SUCCESS
    detail = None if row.reason is None else _DETAILS.get(row.reason, row.reason)
    return {
        "time": milliseconds(row.created_at),
        "timezone_offset": 0,
        "message": meaning(row),
        "status_id": 1 if succeeded else 2,
        "status": "Success" if succeeded else "Failure",
        **present(status_code=row.reason, status_detail=detail),
    }


def _metadata(record: Record, observer: Observer) -> dict[str, Any]:
    row, seal = record.row, record.seal
    return {
        "version": VERSION,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": observer.version},
        "uid": row.id,
        "event_code": row.event_type,
        "log_name": "audit",
        "log_provider": PRODUCT,
        "logged_time": milliseconds(row.created_at),
        **present(
            correlation_uid=row.request_id,
            tenant_uid=row.organization_id,
            sequence=None if seal is None else seal.position,
            profiles=["host"] if seal is None else ["host", "record_integrity"],
        ),
    }


def _authentication(row: AuditRow, observer: Observer) -> dict[str, Any]:
    by_password = row.metadata.get("method") == "password"
    by_oauth = row.action.startswith("oauth.")
    return {
        **_grantee(row),
        "service": {"name": PRODUCT, "uid": observer.issuer},
        "is_remote": row.ip_address is not None,
        **_asked(row),
        **present(
            session=_session(row),
            auth_protocol_id=_OAUTH if by_oauth else None,
            auth_protocol="OAUTH 2.0" if by_oauth else None,
            auth_factors=[{"factor_type_id": _PASSWORD, "factor_type": "Password"}]
            if by_password
            else None,
        ),
    }


def _authorization(row: AuditRow, _observer: Observer) -> dict[str, Any]:
    return {
        **_grantee(row),
        "privileges": scope_of(row),
        **_asked(row),
        **present(session=_session(row)),
    }


def _account(row: AuditRow, _observer: Observer) -> dict[str, Any]:
    return {**_grantee(row), **_asked(row)}


def _entity(row: AuditRow, _observer: Observer) -> dict[str, Any]:
    kind = (row.resource_type or "setting").lower()
    name = row.resource_name or row.resource_id or row.action
    return {
        "entity": {"type": kind, "name": name, **present(uid=row.resource_id)},
        **_asked(row),
    }


def _finding(row: AuditRow, observer: Observer) -> dict[str, Any]:
    at = milliseconds(row.created_at)
    user = _grantee(row)["user"]
    return {
        "finding_info": {
            "uid": row.id,
            "title": meaning(row),
            "types": [row.action],
            "created_time": at,
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": observer.version},
        },
        "is_alert": True,
        "evidences": [{"user": user, **_asked(row)}],
    }


def _log(row: AuditRow, _observer: Observer) -> dict[str, Any]:
    return {
        "log_name": "audit",
        "log_provider": PRODUCT,
        "log_type_id": 2,
        "log_type": "Application",
        **present(src_endpoint=_endpoint(row)),
    }


def _lifecycle(_row: AuditRow, observer: Observer) -> dict[str, Any]:
    return {"app": {"name": PRODUCT, "vendor_name": PRODUCT, "version": observer.version}}


_CLASS_MEMBERS: Final[dict[OcsfClass, Callable[[AuditRow, Observer], dict[str, Any]]]] = {
    OcsfClass.EVENT_LOG_ACTIVITY: _log,
    OcsfClass.DETECTION_FINDING: _finding,
    OcsfClass.ACCOUNT_CHANGE: _account,
    OcsfClass.AUTHENTICATION: _authentication,
    OcsfClass.AUTHORIZE_SESSION: _authorization,
    OcsfClass.ENTITY_MANAGEMENT: _entity,
    OcsfClass.APPLICATION_LIFECYCLE: _lifecycle,
}


def _grantee(row: AuditRow) -> dict[str, Any]:
    """Who signed in, was given something, or was changed; for a program alone, the program."""
    uid = account_of(row)
    if uid is None and row.client_id is not None:
        return {"user": {"uid": row.client_id, "type_id": 4, "type": "Service"}}
    is_about = row.resource_type == "USER"
    name = row.resource_name if is_about else row.actor_name if row.actor_id == uid else None
    if not uid and not name:
        name = "unknown"
    return {"user": {"type_id": 1, "type": "User", **present(uid=uid, name=name)}}


def _actor(row: AuditRow) -> dict[str, Any]:
    kind = _USER_KINDS.get(row.actor_type)
    if kind is None:
        return present(session=_session(row))
    if row.actor_type == "client":
        return present(app_uid=row.actor_id, app_name=row.actor_name)
    user = present(uid=row.actor_id, name=row.actor_name or row.actor_type, type_id=kind)
    return present(user=user, session=_session(row), app_uid=row.client_id)


def _session(row: AuditRow) -> dict[str, Any]:
    return present(uid=row.session_id)


def _asked(row: AuditRow) -> dict[str, Any]:
    """From where it was asked, and how."""
    url = present(path=row.request_path)
    request = present(
        http_method=row.request_method, url=url, user_agent=row.user_agent, uid=row.request_id
    )
    return present(src_endpoint=_endpoint(row), http_request=request)


def _endpoint(row: AuditRow) -> dict[str, Any]:
    try:
        return {} if row.ip_address is None else {"ip": str(ip_address(row.ip_address))}
    except ValueError:
        return {"name": row.ip_address}


def _unmapped(row: AuditRow) -> dict[str, Any]:
    return present(
        action=row.action,
        details=row.metadata,
        client_id=row.client_id,
        trace_id=row.trace_id,
        emitter=row.emitter,
        emitter_sequence=row.sequence,
    )


def _integrity(record: Record, observer: Observer) -> dict[str, Any]:
    seal = record.seal
    if seal is None:
        return {}
    fingerprint = {
        "algorithm_id": _SHA_256,
        "algorithm": "SHA-256",
        "value": seal.leaf_hash.hex(),
    }
    return {
        "attestation_list": [
            {
                "uid": str(seal.position),
                "authority_uid": observer.issuer,
                "chain_uid": f"{observer.issuer}/audit",
                "fingerprint": fingerprint,
            }
        ]
    }
