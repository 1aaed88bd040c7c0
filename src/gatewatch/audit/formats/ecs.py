"""Elastic Common Schema 8 (https://www.elastic.co/guide/en/ecs/8.17/)."""

from datetime import UTC
from ipaddress import ip_address
from typing import Any, Final

from gatewatch.audit.formats.meanings import OcsfClass, meaning_of
from gatewatch.audit.formats.record import (
    PRODUCT,
    Observer,
    Record,
    account_of,
    meaning,
    present,
    scope_of,
)
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Severity

VERSION: Final = "8.17.0"

_SEVERITIES: Final = {
    Severity.INFO: 1,
    Severity.WARNING: 3,
    Severity.ERROR: 4,
    Severity.CRITICAL: 5,
}


def document(record: Record, observer: Observer) -> dict[str, Any]:
    """An event as ECS has it; what it has no word for is below ``gatewatch``."""
    row = record.row
    return {
        "@timestamp": row.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "ecs": {"version": VERSION},
        "message": meaning(row),
        "event": _event(record),
        "log": {"level": row.severity.lower(), "logger": "gatewatch.audit"},
        "observer": {
            "vendor": PRODUCT,
            "product": PRODUCT,
            "type": "identity-provider",
            "version": observer.version,
            "hostname": observer.host,
            "name": observer.issuer,
        },
        "service": {"name": PRODUCT, "version": observer.version, "node": {"name": row.emitter}},
        **_told(row),
        PRODUCT: _own(record),
    }


def _event(record: Record) -> dict[str, Any]:
    row, means = record.row, meaning_of(record.row)
    return {
        "kind": "alert" if means.ocsf is OcsfClass.DETECTION_FINDING else "event",
        "category": list(means.category),
        "type": list(means.type),
        "outcome": row.status,
        "action": row.action,
        "code": row.event_type,
        "id": row.id,
        "dataset": "gatewatch.audit",
        "module": PRODUCT,
        "provider": PRODUCT,
        "severity": _SEVERITIES[Severity(row.severity)],
        "created": row.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        **present(
            reason=row.reason,
            sequence=None if record.seal is None else record.seal.position,
        ),
    }


def _told(row: AuditRow) -> dict[str, Any]:
    ip = _ip(row.ip_address)
    user = present(id=row.actor_id, name=row.actor_name)
    target = present(id=account_of(row), name=row.resource_name) if _is_aimed(row) else {}
    names = [name for name in (row.actor_name, target.get("name")) if name]
    return present(
        user=present(**user, target=target),
        source=present(address=row.ip_address, ip=ip),
        http={"request": present(method=row.request_method, id=row.request_id)}
        if row.request_method
        else None,
        url=present(path=row.request_path),
        user_agent=present(original=row.user_agent),
        trace=present(id=row.trace_id),
        organization=present(id=row.organization_id),
        related=present(ip=[ip] if ip else None, user=list(dict.fromkeys(names))),
    )


def _is_aimed(row: AuditRow) -> bool:
    """Whether it was done to an account: its own or another's."""
    return row.resource_type == "USER"


def _own(record: Record) -> dict[str, Any]:
    row, seal = record.row, record.seal
    return present(
        actor={"type": row.actor_type},
        client=present(id=row.client_id),
        session=present(id=row.session_id),
        resource=present(type=row.resource_type, id=row.resource_id, name=row.resource_name),
        scope=scope_of(row),
        emitter=present(name=row.emitter, sequence=row.sequence),
        seal=None if seal is None else {"leaf_hash": seal.leaf_hash.hex()},
        details=row.metadata,
    )


def _ip(address: str | None) -> str | None:
    try:
        return None if address is None else str(ip_address(address))
    except ValueError:
        return None
