"""Sessions: ended and refreshed."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Event, ResourceType, Severity, Status
from gatewatch.catalogue.outcomes import SessionEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was ended other than by signing out."""

    type: ClassVar[str] = "SESSION_ENDED"
    action: ClassVar[str] = "auth.session.ended"
    resource: ClassVar[ResourceType | None] = ResourceType.SESSION
    resource_id: ClassVar[str | None] = "session_id"
    account_id: str
    session_id: str
    reason: SessionEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefreshed(Event):
    """A session's access and refresh tokens were replaced."""

    type: ClassVar[str] = "TOKEN_REFRESHED"
    action: ClassVar[str] = "auth.session.refreshed"
    resource: ClassVar[ResourceType | None] = ResourceType.SESSION
    resource_id: ClassVar[str | None] = "session_id"
    account_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefreshReplayed(Event):
    """A session's spent refresh token came back: two hold it, so the session was ended."""

    type: ClassVar[str] = "SUSPICIOUS_ACTIVITY"
    action: ClassVar[str] = "auth.session.refresh_replayed"
    severity: ClassVar[Severity] = Severity.CRITICAL
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.SESSION
    resource_id: ClassVar[str | None] = "session_id"
    account_id: str
    session_id: str


EVENTS = (SessionEnded, SessionRefreshed, SessionRefreshReplayed)
