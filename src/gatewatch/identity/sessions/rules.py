r"""What a session is, and what presenting its tokens earns.

::

    OPEN --log out, end, replay, account disabled--> ENDED
      \--unused for too long, or too old----------> expired (nothing is written)

A refresh token is ``<session id>.<lineage>.<secret>``. The lineage is drawn once and stays; the
secret is drawn anew at each refresh. So a token with the right lineage and another secret was
genuine once: it is a replay, and no guess.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gatewatch.catalogue.outcomes import LoginMethod, SessionCheck, SessionRefresh
from gatewatch.identity.accounts.rules import AccountStatus, Role
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.ids import AccountId, SessionId
from gatewatch.kernel.secrets import digest, same

TOUCHED_EVERY: Final = timedelta(minutes=1)
"""How exactly a session's last activity is kept."""

_PAGE_TOKEN: Final = re.compile(r"(ses_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_REFRESH_TOKEN: Final = re.compile(r"(ses_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})")


class Via(StrEnum):
    """What a session was presented as."""

    PAGE = "page"
    """The cookie behind the pages."""
    COOKIE = "cookie"
    """The access token, in its cookie."""
    BEARER = "bearer"
    """The access token, in the Authorization header (RFC 6750 section 2.1)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A session's token as it was presented."""

    via: Via
    token: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose session it is, as far as a request needs to know."""

    id: AccountId
    email: str
    username: str | None
    display_name: str | None
    role: Role
    status: AccountStatus

    @property
    def actor(self) -> Actor:
        """The owner as the one who did something."""
        return Actor.account(self.id, self.email)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in, in one browser or program."""

    id: SessionId
    account_id: AccountId
    created_at: datetime
    last_active_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    user_agent: str | None
    ip_address: str | None
    auth_method: LoginMethod
    auth_time: datetime


@dataclass(frozen=True, slots=True)
class Digests:
    """How a session's secrets rest."""

    page: bytes
    lineage: bytes
    refresh: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as it is kept, with its owner as they are now."""

    session: Session
    digests: Digests
    owner: Owner


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Someone whose session was found good for this request."""

    account: Owner
    session: Session
    via: Via

    @property
    def actor(self) -> Actor:
        """Who is signed in, as the one who did something."""
        return self.account.actor

    def origin(self, origin: Origin) -> Origin:
        """Where the request came from, and within which session."""
        return replace(origin, session_id=self.session.id)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a session's holder is given; only digests of it are kept."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds that the access token is good for."""
    refresh_expires_in: int
    """Seconds that the session, and with it the refresh token, has left."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session, and what its holder is given: a page's cookie, and a program's tokens."""

    session: Session
    owner: Owner
    page_token: str
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A session whose tokens were replaced."""

    session: Session
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class PageToken:
    """What a page's cookie holds, taken apart."""

    session_id: SessionId
    secret: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, taken apart."""

    session_id: SessionId
    lineage: str
    secret: str

    def __str__(self) -> str:
        return f"{self.session_id}.{self.lineage}.{self.secret}"


def parse_page_token(token: str) -> PageToken | None:
    """Take a page's cookie apart; None if it is none of ours."""
    found = _PAGE_TOKEN.fullmatch(token)
    return PageToken(SessionId(found[1]), found[2]) if found else None


def parse_refresh_token(token: str) -> RefreshToken | None:
    """Take a refresh token apart; None if it is none of ours."""
    found = _REFRESH_TOKEN.fullmatch(token)
    return RefreshToken(SessionId(found[1]), found[2], found[3]) if found else None


def opens(kept: Kept, token: PageToken) -> bool:
    """Whether a page's cookie is this session's."""
    return same(kept.digests.page, digest(token.secret))


def descends(kept: Kept, token: RefreshToken) -> bool:
    """Whether a refresh token is, or once was, this session's."""
    return same(kept.digests.lineage, digest(token.lineage))


def is_over(session: Session, now: datetime, idle_expiry: timedelta) -> bool:
    """Whether a session has lasted too long, or was unused for too long."""
    return now >= min(session.expires_at, session.last_active_at + idle_expiry)


def judge_check(kept: Kept | None, *, now: datetime, idle_expiry: timedelta) -> SessionCheck:
    """Decide what presenting a session's access token or cookie earns."""
    if kept is None:
        return SessionCheck.MALFORMED
    if kept.session.ended_at is not None:
        return SessionCheck.ENDED
    if is_over(kept.session, now, idle_expiry):
        return SessionCheck.EXPIRED
    if kept.owner.status is not AccountStatus.ACTIVE:
        return SessionCheck.DISABLED
    return SessionCheck.VALID


def judge_refresh(
    kept: Kept | None, token: RefreshToken, *, now: datetime, idle_expiry: timedelta
) -> SessionRefresh:
    """Decide what a refresh token earns. A replay outranks all that leaves the session open."""
    if kept is None or not descends(kept, token):
        return SessionRefresh.UNKNOWN
    if kept.session.ended_at is not None:
        return SessionRefresh.ENDED
    if not same(kept.digests.refresh, digest(token.secret)):
        return SessionRefresh.REPLAYED
    if is_over(kept.session, now, idle_expiry):
        return SessionRefresh.EXPIRED
    if kept.owner.status is not AccountStatus.ACTIVE:
        return SessionRefresh.DISABLED
    return SessionRefresh.REFRESHED


def is_due(session: Session, now: datetime) -> bool:
    """Whether it is time to note down that the session is in use."""
    return now >= session.last_active_at + TOUCHED_EVERY
