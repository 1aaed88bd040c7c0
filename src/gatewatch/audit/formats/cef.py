r"""Common Event Format 0 (ArcSight, "Implementing CEF", version 26).

::

    CEF:0|vendor|product|version|class|name|severity|key=value key=value

In the head a pipe and a backslash are escaped; in the extension an equals sign and a backslash,
and a line's end is written as ``\n``. What somebody typed cannot begin a field, nor a line.
"""

import re
from typing import Final

import msgspec

from gatewatch.audit.formats.record import PRODUCT, Observer, Record, milliseconds
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Severity

_SEVERITIES: Final = {
    Severity.INFO: 3,
    Severity.WARNING: 6,
    Severity.ERROR: 8,
    Severity.CRITICAL: 10,
}
"""0 to 10: low, medium, high, very high."""

_LINE_ENDS: Final = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
"""Whatever some reader takes for the end of a line."""

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")

_encode: Final = msgspec.json.Encoder().encode


def line(record: Record, observer: Observer) -> str:
    """An event as one line."""
    row = record.row
    head = (
        "CEF:0",
        PRODUCT,
        PRODUCT,
        head_text(observer.version),
        head_text(row.event_type),
        head_text(row.action),
        str(_SEVERITIES[Severity(row.severity)]),
    )
    members = (f"{key}={value_text(str(value))}" for key, value in _extension(record, observer))
    return f"{'|'.join(head)}|{' '.join(members)}"


def head_text(text: str) -> str:
    """Text as the head may hold it."""
    flat = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _LINE_ENDS.sub(" ", text))
    return flat.replace("\\", "\\\\").replace("|", "\\|")


def value_text(text: str) -> str:
    """Text as a value of the extension may hold it."""
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _LINE_ENDS.sub(r"\\n", escaped))


def _extension(record: Record, observer: Observer) -> list[tuple[str, object]]:
    row = record.row
    told: list[tuple[str, object | None]] = [
        ("rt", milliseconds(row.created_at)),
        ("externalId", row.id),
        ("cat", row.event_type),
        ("act", row.action),
        ("outcome", row.status),
        ("reason", row.reason),
        ("dvchost", observer.host),
        ("suid", row.actor_id),
        ("suser", row.actor_name),
        ("spriv", row.actor_type),
        *_source(row.ip_address),
        ("requestMethod", row.request_method),
        ("request", row.request_path),
        ("requestClientApplication", row.user_agent),
        *_target(row),
        *_labelled(record),
    ]
    return [(key, value) for key, value in told if value is not None]


def _source(address: str | None) -> list[tuple[str, object | None]]:
    if address is not None and ":" in address:
        return [("c6a2", address), ("c6a2Label", "Source IPv6 Address")]
    return [("src", address)]


def _target(row: AuditRow) -> list[tuple[str, object | None]]:
    if row.resource_type == "USER":
        return [("duid", row.resource_id), ("duser", row.resource_name)]
    return []


def _labelled(record: Record) -> list[tuple[str, object | None]]:
    """What CEF has no key for, in its custom strings and numbers, each with its label."""
    row, seal = record.row, record.seal
    resource = None if row.resource_type is None else f"{row.resource_type}:{row.resource_id or ''}"
    strings = {
        "clientId": row.client_id,
        "sessionId": row.session_id,
        "requestId": row.request_id,
        "resource": resource,
        "traceId": row.trace_id,
        "details": _encode(row.metadata).decode() if row.metadata else None,
    }
    told: list[tuple[str, object | None]] = []
    for number, (label, value) in enumerate(strings.items(), 1):
        if value is not None:
            told += [(f"cs{number}", value), (f"cs{number}Label", label)]
    if seal is not None:
        told += [("cn1", seal.position), ("cn1Label", "position")]
    return told
