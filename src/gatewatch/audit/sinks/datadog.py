"""Datadog's logs intake, version 2."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatewatch.audit.formats.record import PRODUCT
from gatewatch.audit.sinks.port import Delivery, Parcel
from gatewatch.audit.sinks.post import Poster
from gatewatch.catalogue.event import Severity

INTAKE: Final = "https://http-intake.logs.datadoghq.com/api/v2/logs"
"""Where Datadog's first site takes logs; other sites have other addresses."""

STATUSES: Final = {
    Severity.INFO: "info",
    Severity.WARNING: "warn",
    Severity.ERROR: "error",
    Severity.CRITICAL: "critical",
}

_encode: Final = msgspec.json.Encoder().encode


class DatadogSink:
    """Posts events to the intake."""

    def __init__(self, poster: Poster, tags: str) -> None:
        self._poster = poster
        self._tags = tags

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        await self._poster.post(_encode([self._entry(parcel) for parcel in parcels]))
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        await self._poster.close()

    def _entry(self, parcel: Parcel) -> dict[str, Any]:
        row, written = parcel.record.row, parcel.document
        own = {"message": written} if isinstance(written, str) else written
        return {
            **own,
            "ddsource": PRODUCT,
            "ddtags": self._tags,
            "hostname": parcel.observer.host,
            "service": PRODUCT,
            "status": STATUSES[Severity(row.severity)],
            "timestamp": round(row.created_at.timestamp() * 1000),
        }
