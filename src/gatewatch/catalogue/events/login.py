"""Signing in and out."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import (
    Durability,
    Event,
    Personal,
    ResourceType,
    Severity,
    Status,
)
from gatewatch.catalogue.outcomes import LoginMethod, LoginOutcome, ThrottleSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSucceeded(Event):
    """A person signed in."""

    type: ClassVar[str] = "AUTHENTICATION_SUCCESS"
    action: ClassVar[str] = "auth.login"
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    resource_name: ClassVar[str | None] = "email"
    outcome: ClassVar[LoginOutcome] = LoginOutcome.ADMITTED
    account_id: str
    email: Personal
    session_id: str
    method: LoginMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """Someone tried to sign in and was refused. What they typed is kept as personal data."""

    type: ClassVar[str] = "AUTHENTICATION_FAILURE"
    action: ClassVar[str] = "auth.login.failed"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    resource_name: ClassVar[str | None] = "identifier"
    account_id: str | None
    identifier: Personal
    method: LoginMethod
    outcome: LoginOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitExceeded(Event):
    """An attempt was refused unseen, because too many had failed before it."""

    type: ClassVar[str] = "RATE_LIMIT_EXCEEDED"
    action: ClassVar[str] = "auth.throttle.blocked"
    severity: ClassVar[Severity] = Severity.WARNING
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    subject: ThrottleSubject
    retry_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut(Event):
    """A person signed out."""

    type: ClassVar[str] = "LOGOUT"
    action: ClassVar[str] = "auth.logout"
    resource: ClassVar[ResourceType | None] = ResourceType.SESSION
    resource_id: ClassVar[str | None] = "session_id"
    account_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLoginSucceeded(Event):
    """A person signed in through another provider."""

    type: ClassVar[str] = "OAUTH_AUTHENTICATION"
    action: ClassVar[str] = "auth.oauth.login"
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    account_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaDisabled(Event):
    """A person switched their second factor off."""

    type: ClassVar[str] = "MFA_DISABLED"
    action: ClassVar[str] = "auth.mfa.disabled"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    account_id: str


EVENTS = (
    LoginSucceeded,
    LoginRefused,
    RateLimitExceeded,
    LoggedOut,
    UpstreamLoginSucceeded,
    MfaDisabled,
)
