"""What a client is, how it proves it, and what it may ask for."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from urllib.parse import urlsplit

from gatewatch.catalogue.outcomes import ClientAuthentication, GrantType
from gatewatch.kernel.ids import ClientId
from gatewatch.kernel.secrets import digest, same
from gatewatch.protocol.scopes import LENGTH_LIMIT, Scopes, parse_scope, scope_text, within

NAME_LIMIT: Final = 100
"""Characters in a client's name, so that it fits on a page."""

ID_LIMIT: Final = 100
"""Characters in a client's id that someone chose themselves."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that http may go to (RFC 8252 section 7.3)."""

_NO_SECRET: Final = bytes(32)
"""Compared with when there is no digest, so that it takes as long: the digest of nothing known."""


class ClientType(StrEnum):
    """Whether a client can keep a secret (RFC 6749 section 2.1)."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"


class ClientStatus(StrEnum):
    """Whether a client may do anything at all."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens."""

    id: ClientId
    name: str
    type: ClientType
    status: ClientStatus
    grant_types: tuple[GrantType, ...]
    scope: Scopes
    redirect_uris: tuple[str, ...]
    secret_digest: bytes | None = field(repr=False)
    created_at: datetime


AuthenticatedClient = NewType("AuthenticatedClient", Client)
"""A client that has proved who it is. Only `Clients.authenticate` makes one."""


def judge(client: Client | None, secret: str | None) -> ClientAuthentication:
    """Decide what a secret, or its absence, earns. It takes as long whoever asks."""
    kept = client.secret_digest if client is not None else None
    matches = same(digest(secret or ""), kept or _NO_SECRET)
    if client is None:
        return ClientAuthentication.UNKNOWN
    if client.status is ClientStatus.DISABLED:
        return ClientAuthentication.DISABLED
    if kept is None:
        return _public(secret)
    if secret is None:
        return ClientAuthentication.MISSING_SECRET
    return ClientAuthentication.AUTHENTICATED if matches else ClientAuthentication.WRONG_SECRET


def _public(secret: str | None) -> ClientAuthentication:
    """Judge a client without a secret: one that shows one is not what it says it is."""
    if secret is None:
        return ClientAuthentication.AUTHENTICATED
    return ClientAuthentication.WRONG_SECRET


def granted_scope(client: Client, asked: str | None) -> Scopes | None:
    """The scope a client gets: what it asks for, else all it has; None if it asks for more.

    What a server does with an omitted scope is its own to say (RFC 6749 section 3.3).
    """
    if asked is None:
        return client.scope
    scope = parse_scope(asked)
    return scope if scope is not None and within(scope, client.scope) else None


@dataclass(frozen=True, slots=True)
class Registration:
    """What someone wants a new client to be."""

    name: str
    type: ClientType
    grant_types: tuple[GrantType, ...]
    scope: Scopes
    redirect_uris: tuple[str, ...] = ()
    client_id: ClientId | None = None


def flaw(wanted: Registration) -> str | None:
    """What is wrong with a registration, for whoever wrote it; None if nothing is."""
    if not wanted.name.strip() or len(wanted.name) > NAME_LIMIT or not wanted.name.isprintable():
        return f"A client needs a name of 1 to {NAME_LIMIT} printable characters."
    if wanted.client_id is not None and not _is_id(wanted.client_id):
        return f"A client's id is 1 to {ID_LIMIT} letters, digits, dots, dashes or underscores."
    if not wanted.grant_types:
        return "A client needs at least one grant type."
    if wanted.type is ClientType.PUBLIC and GrantType.CLIENT_CREDENTIALS in wanted.grant_types:
        return "A public client cannot use client_credentials: it has nothing to prove itself with."
    if parse_scope(scope_text(wanted.scope)) != wanted.scope:
        return (
            "A scope is words of printable ASCII without quotes, each named once, of at most "
            f"{LENGTH_LIMIT} characters in all."
        )
    bad = next((uri for uri in wanted.redirect_uris if not _is_redirect_uri(uri)), None)
    if bad is not None:
        return f"{bad!r} is no redirect URI: use https, http on this machine, or an app's scheme."
    return None


def _is_id(text: str) -> bool:
    plain = text.translate(str.maketrans("", "", "._-"))
    return len(text) <= ID_LIMIT and plain.isascii() and plain.isalnum()


def _is_redirect_uri(uri: str) -> bool:
    """Whether a URI is absolute, without a fragment (RFC 6749 section 3.1.2), and not in clear.

    An app's own scheme has a dot in it, since it is a domain in reverse (RFC 8252 section 7.1).
    """
    if not uri.isascii() or not uri.isprintable() or " " in uri or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.hostname in LOOPBACK if parts.scheme == "http" else "." in parts.scheme
