"""Splunk's HTTP Event Collector; with acknowledgement where the token has it switched on."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from gatewatch.audit.formats.record import PRODUCT
from gatewatch.audit.sinks.port import ANSWER_SECONDS, Delivery, NotDelivered, Parcel
from gatewatch.audit.sinks.post import Poster, answered

EVENT_PATH: Final = "/services/collector/event"
ACK_PATH: Final = "/services/collector/ack"

ACK_POLL_SECONDS: Final = 0.5
"""Between two questions whether what was sent is indexed."""

_encode: Final = msgspec.json.Encoder().encode


class SplunkSink:
    """Posts events to a collector; `channel` is a UUID that names us to it."""

    def __init__(self, poster: Poster, url: str, channel: str, index: str | None) -> None:
        self._poster = poster
        self._url = _at(url, EVENT_PATH)
        self._ack_url = _at(url, ACK_PATH)
        self._channel = {"x-splunk-request-channel": channel}
        self._index = {} if index is None else {"index": index}

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        body = b"\n".join(_encode(self._event(parcel)) for parcel in parcels)
        answer = answered(await self._poster.post(body, headers=self._channel, url=self._url))
        ack = answer.get("ackId")
        if ack is not None:
            await self._indexed(ack)
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        await self._poster.close()

    def _event(self, parcel: Parcel) -> dict[str, Any]:
        row = parcel.record.row
        return {
            "time": f"{row.created_at.timestamp():.3f}",
            "host": parcel.observer.host,
            "source": PRODUCT,
            "sourcetype": f"{PRODUCT}:audit:{parcel.form}",
            **self._index,
            "event": parcel.document,
        }

    async def _indexed(self, ack: int) -> None:
        """Wait for the receipt: what is not indexed may be lost with the collector."""
        question = _encode({"acks": [ack]})
        for _ in range(int(ANSWER_SECONDS / ACK_POLL_SECONDS)):
            body = await self._poster.post(question, headers=self._channel, url=self._ack_url)
            if answered(body).get("acks", {}).get(str(ack)):
                return
            await asyncio.sleep(ACK_POLL_SECONDS)
        raise NotDelivered(f"the collector did not acknowledge within {ANSWER_SECONDS:.0f} s")


def _at(url: str, path: str) -> str:
    """A collector's address with the path that it has unless one was given."""
    parts = urlsplit(url)
    is_bare = parts.path in {"", "/"} or path == ACK_PATH
    return urlunsplit(parts._replace(path=path)) if is_bare else url
