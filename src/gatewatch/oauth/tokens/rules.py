"""What a token is, what presenting it earns, and what the next one is.

::

    refresh   ACTIVE --presented--> SPENT --presented again--> its whole family is REVOKED
    either    ACTIVE --revoked, or its account or client disabled--> REVOKED

A family is all that descends from one grant. It ends when its first refresh token would have: a
successor lives no longer.
"""

from binascii import a2b_base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from gatewatch.catalogue.outcomes import GrantType, TokenCheck, TokenKind, TokenRefresh
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, TokenId
from gatewatch.kernel.secrets import digest, same
from gatewatch.protocol.scopes import OFFLINE_ACCESS, Scopes, within

LENGTH_LIMIT: Final = 8192
"""Characters of a presented token that are looked at; ours are well under one KiB."""


class TokenState(StrEnum):
    """Where a token is in its life."""

    ACTIVE = "active"
    SPENT = "spent"
    REVOKED = "revoked"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Grant:
    """What tokens stand for: who may do what, for whom, and since when."""

    client_id: ClientId
    scope: Scopes
    grant_type: GrantType
    account_id: AccountId | None = None
    family_id: FamilyId | None = None
    auth_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. `owners_active` says so of its client and its account."""

    id: TokenId
    kind: TokenKind
    state: TokenState
    family_id: FamilyId | None
    client_id: ClientId
    account_id: AccountId | None
    digest: bytes = field(repr=False)
    scope: Scopes
    issued_at: datetime
    expires_at: datetime
    auth_time: datetime | None
    owners_active: bool


class _Payload(msgspec.Struct):
    jti: str


_payload: Final = msgspec.json.Decoder(_Payload)


def token_id_of(presented: str) -> TokenId | None:
    """Which token this claims to be: the id before an opaque one's secret, or a JWT's ``jti``.

    Nothing is believed yet: whether it is that token, its digest says.
    """
    parts = presented.split(".") if len(presented) <= LENGTH_LIMIT else []
    match parts:
        case [named, secret] if named and secret:
            return TokenId(named)
        case [_, payload, _]:
            return _jti(payload)
        case _:
            return None


def _jti(payload: str) -> TokenId | None:
    padded = payload.replace("-", "+").replace("_", "/") + "=" * (-len(payload) % 4)
    try:
        return TokenId(_payload.decode(a2b_base64(padded)).jti)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def is_it(token: Token | None, presented: str) -> bool:
    """Whether the token found is the one presented, compared in constant time."""
    return token is not None and same(token.digest, digest(presented))


def judge_check(token: Token | None, presented: str, now: datetime) -> TokenCheck:
    """Decide what a token that someone asks about is worth."""
    if token is None or not is_it(token, presented):
        return TokenCheck.UNKNOWN
    if token.state is not TokenState.ACTIVE:
        return TokenCheck.REVOKED
    if now >= token.expires_at:
        return TokenCheck.EXPIRED
    return TokenCheck.ACTIVE if token.owners_active else TokenCheck.OWNER_DISABLED


def judge_refresh(
    token: Token | None, presented: str, client_id: ClientId, asked: Scopes, now: datetime
) -> TokenRefresh:
    """Decide what presenting a refresh token earns. That it was spent outranks that it expired."""
    if token is None or token.kind is not TokenKind.REFRESH or not is_it(token, presented):
        return TokenRefresh.UNKNOWN
    if token.client_id != client_id:
        return TokenRefresh.FOREIGN
    match token.state:
        case TokenState.SPENT:
            return TokenRefresh.REPLAYED
        case TokenState.REVOKED | TokenState.DISABLED:
            return TokenRefresh.REVOKED
        case TokenState.ACTIVE if now >= token.expires_at:
            return TokenRefresh.EXPIRED
        case TokenState.ACTIVE if not token.owners_active:
            return TokenRefresh.OWNER_DISABLED
        case TokenState.ACTIVE if not within(asked, token.scope):
            return TokenRefresh.SCOPE_EXCEEDED
        case TokenState.ACTIVE:
            return TokenRefresh.REFRESHED


def may_outlast(grant_types: tuple[GrantType, ...], scope: Scopes) -> bool:
    """Whether a grant comes with a refresh token: the client uses them, and it was asked for."""
    return GrantType.REFRESH_TOKEN in grant_types and OFFLINE_ACCESS in scope


def may_see(token: Token, client_id: ClientId) -> bool:
    """Whether a client may know of a token: a refresh token is its own client's affair alone."""
    return token.kind is TokenKind.ACCESS or token.client_id == client_id
