"""How a client says who it is: HTTP Basic, or its form (RFC 6749 section 2.3.1)."""

from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

METHODS: Final = ("client_secret_basic", "client_secret_post")
"""How a confidential client proves who it is (RFC 8414 section 2)."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a client presents; a public one has no secret to show."""

    client_id: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing presented, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Contradictory:
    """More than one way at once, which RFC 6749 section 2.3 forbids."""


Presented = ClientCredentials | Unreadable | Contradictory


def parse_client_credentials(authorization: str | None, form: Mapping[str, str]) -> Presented:
    """Read who asks from the Authorization header or the form.

    A form may repeat the client_id of the header, as some clients do; nothing else.
    """
    named, secret = form.get("client_id"), form.get("client_secret")
    if authorization is None:
        return ClientCredentials(named, secret) if named else Unreadable()
    basic = _basic(authorization)
    if basic is None:
        return Unreadable()
    if secret is not None or named not in {None, basic.client_id}:
        return Contradictory()
    return basic


def _basic(authorization: str) -> ClientCredentials | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = a2b_base64(encoded, strict_mode=True).decode("utf-8")
        client_id, colon, secret = text.partition(":")
        if not client_id or not colon:
            return None
        return ClientCredentials(_decoded(client_id), _decoded(secret) or None)
    except ValueError:
        return None


def _decoded(part: str) -> str:
    """Undo the form encoding that RFC 6749 section 2.3.1 asks for."""
    return unquote_plus(part, errors="strict") if "%" in part or "+" in part else part
