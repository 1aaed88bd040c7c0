"""Our own words: the names of AuthGate's guide, and ours where it has none."""

from typing import Any

from gatewatch.audit.formats.record import Observer, Record
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Status


def document(record: Record, observer: Observer) -> dict[str, Any]:
    """An event for another system: as the API has it, with its place and who saw it."""
    written = {**as_json(record.row), "issuer": observer.issuer, "host": observer.host}
    if record.seal is not None:
        written |= {"position": record.seal.position, "leaf_hash": record.seal.leaf_hash.hex()}
    return written


def as_json(row: AuditRow) -> dict[str, Any]:
    """An event under AuthGate's names, and with ours where it has none."""
    return {
        "id": row.id,
        "event_type": row.event_type,
        "event_time": row.created_at,
        "severity": row.severity,
        "actor_user_id": row.actor_id,
        "actor_username": row.actor_name,
        "actor_type": row.actor_type,
        "actor_ip": row.ip_address,
        "resource_type": row.resource_type,
        "resource_id": row.resource_id,
        "resource_name": row.resource_name,
        "action": row.action,
        "details": row.metadata,
        "success": row.status == Status.SUCCESS,
        "status": row.status,
        "error_message": row.reason if row.status == Status.FAILURE else None,
        "reason": row.reason,
        "user_agent": row.user_agent,
        "request_id": row.request_id,
        "request_path": row.request_path,
        "request_method": row.request_method,
        "trace_id": row.trace_id,
        "session_id": row.session_id,
        "client_id": row.client_id,
        "organization_id": row.organization_id,
        "emitter": row.emitter,
        "sequence": row.sequence,
        "created_at": row.created_at,
    }
