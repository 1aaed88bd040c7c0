"""OAuth tokens."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import GrantType, RevocationReason, TokenKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenIssued(Event):
    """An access token was issued."""

    type: ClassVar[str] = "ACCESS_TOKEN_ISSUED"
    action: ClassVar[str] = "oauth.token.access_issued"
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    kind: ClassVar[TokenKind] = TokenKind.ACCESS
    token_id: str
    client_id: str
    account_id: str | None
    grant_type: GrantType
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenIssued(Event):
    """A refresh token was issued."""

    type: ClassVar[str] = "REFRESH_TOKEN_ISSUED"
    action: ClassVar[str] = "oauth.token.refresh_issued"
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    kind: ClassVar[TokenKind] = TokenKind.REFRESH
    token_id: str
    client_id: str
    account_id: str | None
    grant_type: GrantType
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed(Event):
    """A refresh token was spent on a new access token and a new refresh token."""

    type: ClassVar[str] = "TOKEN_REFRESHED"
    action: ClassVar[str] = "oauth.token.refreshed"
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "spent_token_id"
    spent_token_id: str
    access_token_id: str
    refresh_token_id: str
    family_id: str
    client_id: str
    account_id: str | None
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A token was revoked for good, with all that descend from its grant if it is a refresh token."""

    type: ClassVar[str] = "TOKEN_REVOKED"
    action: ClassVar[str] = "oauth.token.revoked"
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    token_id: str
    client_id: str
    account_id: str | None
    kind: TokenKind
    reason: RevocationReason
    revoked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDisabled(Event):
    """A token was put out of use for the time being."""

    type: ClassVar[str] = "TOKEN_DISABLED"
    action: ClassVar[str] = "oauth.token.disabled"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    token_id: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEnabled(Event):
    """A disabled token was put back into use."""

    type: ClassVar[str] = "TOKEN_ENABLED"
    action: ClassVar[str] = "oauth.token.enabled"
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    token_id: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReplayed(Event):
    """A spent refresh token came back: two hold it, so its whole family was revoked."""

    type: ClassVar[str] = "SUSPICIOUS_ACTIVITY"
    action: ClassVar[str] = "oauth.token.refresh_replayed"
    severity: ClassVar[Severity] = Severity.CRITICAL
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.TOKEN
    resource_id: ClassVar[str | None] = "token_id"
    token_id: str
    family_id: str
    client_id: str
    account_id: str | None
    revoked: int


EVENTS = (
    AccessTokenIssued,
    RefreshTokenIssued,
    TokenRefreshed,
    TokenRevoked,
    TokenDisabled,
    TokenEnabled,
    RefreshTokenReplayed,
)
