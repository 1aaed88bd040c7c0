"""Webhooks: a JSON array of events, signed together with the time.

::

    Gatewatch-Signature: t=1770546615,v1=<hex of HMAC-SHA256(secret, "1770546615." + body)>

A receiver computes the same, compares in constant time, and refuses a time that is too long ago.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec

from gatewatch.audit.formats import Format
from gatewatch.audit.sinks.port import Delivery, Parcel
from gatewatch.audit.sinks.post import JSON, Poster
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import Clock, epoch_seconds

SIGNATURE_HEADER: Final = "gatewatch-signature"
EVENTS_HEADER: Final = "gatewatch-events"
"""How many events the body has."""

TEXT: Final = "text/plain; charset=utf-8"

_encode: Final = msgspec.json.Encoder().encode


class WebhookSink:
    """Posts events to whoever shares the secret."""

    def __init__(self, poster: Poster, secret: Secret, clock: Clock) -> None:
        self._poster = poster
        self._secret = secret
        self._clock = clock

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        body, content_type = _body(parcels)
        at = epoch_seconds(self._clock.now())
        headers = {
            SIGNATURE_HEADER: f"t={at},v1={signature(self._secret, at, body)}",
            EVENTS_HEADER: str(len(parcels)),
        }
        await self._poster.post(body, content_type, headers)
        return Delivery.ACKNOWLEDGED

    async def close(self) -> None:
        await self._poster.close()


def signature(secret: Secret, at: int, body: bytes) -> str:
    """What proves that a body was sent by who knows the secret, at a time in seconds."""
    return hmac.new(secret.reveal().encode(), b"%d." % at + body, sha256).hexdigest()


def _body(parcels: Sequence[Parcel]) -> tuple[bytes, str]:
    if parcels[0].form is Format.CEF:
        return b"".join(parcel.line + b"\n" for parcel in parcels), TEXT
    return _encode([parcel.document for parcel in parcels]), JSON
