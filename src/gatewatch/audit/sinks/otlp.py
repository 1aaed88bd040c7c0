"""OpenTelemetry logs: OTLP over HTTP in JSON (OTLP 1.5, section "OTLP/HTTP")."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from gatewatch.audit.formats.record import PRODUCT, Observer
from gatewatch.audit.sinks.port import Delivery, NotAccepted, Parcel
from gatewatch.audit.sinks.post import Poster, answered
from gatewatch.catalogue.event import Severity

LOGS_PATH: Final = "/v1/logs"

SEVERITIES: Final = {
    Severity.INFO: (9, "INFO"),
    Severity.WARNING: (13, "WARN"),
    Severity.ERROR: (17, "ERROR"),
    Severity.CRITICAL: (21, "FATAL"),
}
"""SeverityNumber and its short name (logs data model, "Displaying Severity")."""

_TRACE_ID_LENGTH: Final = 32
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_LARGEST: Final = 2**63

_encode: Final = msgspec.json.Encoder().encode


class OtlpSink:
    """Posts events to a collector as log records."""

    def __init__(self, poster: Poster, url: str) -> None:
        self._poster = poster
        self._url = url if url.endswith(LOGS_PATH) else url.rstrip("/") + LOGS_PATH

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        body = _encode(request(parcels))
        answer = answered(await self._poster.post(body, url=self._url))
        partial = answer.get("partialSuccess") or {}
        # A 64-bit number is a text in protobuf's JSON.
        if int(partial.get("rejectedLogRecords") or 0):
            raise NotAccepted(str(partial.get("errorMessage") or "log records were rejected"))
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        await self._poster.close()


def request(parcels: Sequence[Parcel]) -> dict[str, Any]:
    """An ``ExportLogsServiceRequest`` in protobuf's JSON."""
    by_observer = groupby(parcels, key=lambda parcel: parcel.observer)
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": _attributes(_resource(observer))},
                "scopeLogs": [
                    {
                        "scope": {"name": "gatewatch.audit", "version": observer.version},
                        "logRecords": [_log_record(parcel) for parcel in theirs],
                    }
                ],
            }
            for observer, theirs in by_observer
        ]
    }


def _resource(observer: Observer) -> dict[str, object]:
    return {
        "service.name": PRODUCT,
        "service.version": observer.version,
        "service.instance.id": observer.issuer,
        "host.name": observer.host,
    }


def _log_record(parcel: Parcel) -> dict[str, Any]:
    row = parcel.record.row
    number, text = SEVERITIES[Severity(row.severity)]
    nanoseconds = str(round(row.created_at.timestamp() * 1_000_000) * 1000)
    told = {
        "event.id": row.id,
        "event.type": row.event_type,
        "event.outcome": row.status,
        "user.id": row.actor_id,
        "session.id": row.session_id,
        "client.address": row.ip_address,
        "user_agent.original": row.user_agent,
    }
    return {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": number,
        "severityText": text,
        "eventName": f"{PRODUCT}.{row.action}",
        "body": any_value(msgspec.to_builtins(parcel.document)),
        "attributes": _attributes(told),
        **({"traceId": row.trace_id} if _is_trace(row.trace_id) else {}),
    }


def any_value(value: object) -> dict[str, Any]:
    """A value as OTLP's ``AnyValue``; of nothing, an empty one."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int() if -_LARGEST <= value < _LARGEST:
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case Mapping():
            return {"kvlistValue": {"values": _attributes(value)}}
        case list() | tuple():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}


def _attributes(members: Mapping[str, object]) -> list[dict[str, Any]]:
    return [
        {"key": str(key), "value": any_value(value)}
        for key, value in members.items()
        if value is not None
    ]


def _is_trace(trace_id: str | None) -> bool:
    """Whether it is a trace's id as W3C has it, which OTLP's JSON writes in hexadecimal too."""
    return (
        trace_id is not None
        and len(trace_id) == _TRACE_ID_LENGTH
        and _HEXADECIMAL.issuperset(trace_id)
    )
