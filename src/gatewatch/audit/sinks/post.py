"""HTTP as all receivers speak it that take events by POST."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gatewatch.audit.sinks.port import ANSWER_SECONDS, NotAccepted, NotDelivered

JSON: Final = "application/json"

_AT_FAULT: Final = frozenset({400, 413, 422})
"""Statuses that say that the content is wrong or too large, not that the receiver is unwell."""

_SUCCESSES: Final = range(200, 300)
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to post to, what to show there, and whom to trust."""

    url: str
    headers: Mapping[str, str]
    tls: ssl.SSLContext | None = None


class Poster:
    """Keeps connections to one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: Any = None

    async def post(
        self,
        body: bytes,
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> bytes:
        """Post a body; the answer's.

        Raises:
            NotDelivered: nobody answered, or with a status that says "not now" or "not you".
            NotAccepted: the answer is that the content is at fault.
        """
        import httpx  # noqa: PLC0415 - a server without such sinks never needs it

        if self._client is None:
            self._client = self._connect()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._client.post(
                    url or self._endpoint.url,
                    content=body,
                    headers={"content-type": content_type, **(headers or {})},
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error
        if answer.status_code in _SUCCESSES:
            return bytes(answer.content)
        why = f"{answer.status_code} {answer.reason_phrase}: {answer.text[:_SHOWN]}"
        if answer.status_code in _AT_FAULT:
            raise NotAccepted(why)
        raise NotDelivered(why, retry_after=_seconds(answer.headers.get("retry-after")))

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connect(self) -> Any:
        import httpx  # noqa: PLC0415 - the same

        return httpx.AsyncClient(
            headers=dict(self._endpoint.headers),
            timeout=ANSWER_SECONDS,
            verify=self._endpoint.tls or True,
            # Where events go is what the operator said, and nothing in the environment.
            trust_env=False,
            follow_redirects=False,
        )


def answered(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer; nothing where it is none."""
    try:
        read = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date is not worth a clock (RFC 9110 section 10.2.3)."""
    return float(text) if text is not None and text.isdigit() else None
