"""Elasticsearch and OpenSearch: the bulk API, each event created under its own id."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatewatch.audit.sinks.port import Delivery, NotAccepted, NotDelivered, Parcel
from gatewatch.audit.sinks.post import Poster, answered

NDJSON: Final = "application/x-ndjson"

INDEX: Final = "logs-gatewatch.audit-default"
"""The data stream, unless another is given (Elastic's naming: type, dataset, namespace)."""

_CREATED: Final = range(200, 300)
_IS_THERE: Final = 409
_BUSY: Final = 429
_SERVER_ERRORS: Final = 500

_encode: Final = msgspec.json.Encoder().encode


class ElasticSink:
    """Posts events to an index or a data stream. Twice the same event is once in it."""

    def __init__(self, poster: Poster, url: str, index: str) -> None:
        self._poster = poster
        self._url = f"{url.rstrip('/')}/{index}/_bulk"

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        body = b"".join(_pair(parcel) for parcel in parcels)
        answer = answered(await self._poster.post(body, NDJSON, url=self._url))
        for item in answer.get("items", ()):
            _judge(item["create"])
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        await self._poster.close()


def _pair(parcel: Parcel) -> bytes:
    action = {"create": {"_id": parcel.record.row.id}}
    return _encode(action) + b"\n" + _encode(parcel.document) + b"\n"


def _judge(created: dict[str, Any]) -> None:
    """Accept that an event was created, now or by an earlier attempt."""
    status = created.get("status", _SERVER_ERRORS)
    if status in _CREATED or status == _IS_THERE:
        return
    why = f"{status} for {created.get('_id')}: {created.get('error')}"
    if status == _BUSY or status >= _SERVER_ERRORS:
        raise NotDelivered(why)
    raise NotAccepted(why)
