"""A response: a status, a body, and headers."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import msgspec

Header = tuple[bytes, bytes]

NO_STORE: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)
"""Keeps tokens and pages about a person out of caches (RFC 6749 section 5.1)."""

_JSON: Final[Header] = (b"content-type", b"application/json")
_encode = msgspec.json.Encoder().encode


class Response(msgspec.Struct, frozen=True):
    """What is sent back, whole."""

    status: int
    body: bytes = b""
    headers: Sequence[Header] = ()


class Streamed(Response, frozen=True, kw_only=True):
    """What is sent back piece by piece, no faster than it is taken.

    The pieces are closed when whoever asked hangs up; an error among them breaks the connection
    off, so that what was sent is not taken for the whole.
    """

    chunks: AsyncGenerator[bytes, None]


def json_response(
    payload: Any,
    status: int = 200,
    headers: Sequence[Header] = (),
) -> Response:
    """Answer with JSON that may be cached as its headers say."""
    return Response(status, _encode(payload), (_JSON, *headers))


def private_json(
    payload: Any,
    status: int = 200,
    headers: Sequence[Header] = (),
) -> Response:
    """Answer with JSON that no cache may keep."""
    return Response(status, _encode(payload), (_JSON, *NO_STORE, *headers))


def see_other(location: str, headers: Sequence[Header] = ()) -> Response:
    """Send a browser on with GET (RFC 9110 section 15.4.4)."""
    return Response(303, b"", ((b"location", location.encode("ascii")), *NO_STORE, *headers))


def no_content(headers: Sequence[Header] = ()) -> Response:
    """Done, with nothing to say."""
    return Response(204, b"", (*NO_STORE, *headers))
