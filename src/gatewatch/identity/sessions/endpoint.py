"""Sessions over HTTP: who stands at the door, and the endpoints of IdentSphere's guide."""

from dataclasses import dataclass
from typing import Final

import msgspec

from gatewatch.catalogue.outcomes import AccessRefusal
from gatewatch.http.cookies import cookie, page_session_name
from gatewatch.http.csrf import Csrf
from gatewatch.http.request import Request
from gatewatch.http.response import Header, Response, no_content, private_json
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import Role, permissions
from gatewatch.identity.sessions.rules import (
    Credential,
    Opened,
    Owner,
    Session,
    SignedIn,
    Tokens,
    Via,
)
from gatewatch.identity.sessions.service import Sessions
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import SessionId
from gatewatch.kernel.time import rfc3339

PREFIX: Final = "/v1/auth"
"""Where these endpoints are, and so the path of the refresh token's cookie."""

ACCESS_COOKIE: Final = "gatewatch_at"
REFRESH_COOKIE: Final = "gatewatch_rt"
CSRF_COOKIE: Final = "gatewatch_csrf"
CSRF_HEADER: Final = b"x-csrf-token"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Says who is signed in, and whether a request may do what it asks.

    Of a browser's two cookies `first` counts for more: on pages it is their own, since no
    neighbouring site can plant one whose name begins with ``__Host-``.
    """

    sessions: Sessions
    csrf: Csrf
    urls: Urls
    first: Via = Via.COOKIE

    async def maybe(self, request: Request) -> SignedIn | None:
        """Who is signed in, if anybody."""
        found = await self.sessions.check(_credentials(request, self.urls, self.first))
        return found if isinstance(found, SignedIn) else None

    async def signed_in(self, request: Request) -> SignedIn:
        """Who is signed in.

        Raises:
            Refusal: authentication_required, when nobody is.
        """
        found = await self.sessions.check(_credentials(request, self.urls, self.first))
        if isinstance(found, SignedIn):
            return found
        raise Refusal("authentication_required", "Sign in to do that.", f"session: {found}")

    async def require_role(self, request: Request, *roles: Role) -> SignedIn:
        """Who is signed in, if they have one of these roles.

        Raises:
            Refusal: authentication_required, when nobody is; forbidden, when they have not.
        """
        signed_in = await self.signed_in(request)
        if signed_in.account.role not in roles:
            self.sessions.turn_away(signed_in, AccessRefusal.ROLE, origin=request.origin)
            raise Refusal("forbidden", "You are not allowed to do that.", f"role: none of {roles}")
        return signed_in

    def protect(self, request: Request, signed_in: SignedIn, form_token: str | None = None) -> None:
        """Make sure that a change was meant, and not sent by another site in someone's name.

        Whom a browser signs in by cookie proves it by the token in X-CSRF-Token, or in a page's
        form; a bearer token is sent by nobody unknowingly.

        Raises:
            Refusal: csrf_failed.
        """
        if signed_in.via is Via.BEARER:
            return
        presented = form_token or request.header(CSRF_HEADER)
        if not self.csrf.proves(request, presented, signed_in.session.id):
            self.sessions.turn_away(signed_in, AccessRefusal.CSRF, origin=request.origin)
            raise Refusal("csrf_failed", "The request does not prove that it was meant.")


@dataclass(frozen=True, slots=True)
class SessionEndpoint:
    """``/v1/auth``: the session of the caller, refreshed, shown, and ended."""

    sessions: Sessions
    door: Doorkeeper
    csrf: Csrf
    urls: Urls

    async def refresh(self, request: Request) -> Response:
        """Replace the session's access and refresh tokens."""
        presented = request.cookies.get(REFRESH_COOKIE)
        refreshed = await self.sessions.refresh(presented, origin=request.origin)
        tokens = refreshed.tokens
        return private_json(
            RefreshResponse(tokens.access_token, tokens.expires_in),
            headers=token_cookies(refreshed.session.id, tokens, self.csrf, self.urls),
        )

    async def log_out(self, request: Request) -> Response:
        """End the session; never fails for want of one."""
        signed_in = await self.door.maybe(request)
        if signed_in is not None:
            self.door.protect(request, signed_in)
            await self.sessions.log_out(signed_in, origin=request.origin)
        if refresh_token := request.cookies.get(REFRESH_COOKIE):
            await self.sessions.log_out_by_refresh_token(refresh_token, origin=request.origin)
        return no_content(cleared_cookies(self.urls))

    async def current(self, request: Request) -> Response:
        """Say who is signed in, and what they may do."""
        signed_in = await self.door.signed_in(request)
        owner = signed_in.account
        return private_json(
            SessionResponse(auth_user(owner, signed_in.session), capabilities(owner.role))
        )

    async def list(self, request: Request) -> Response:
        """List the sessions of whoever is signed in."""
        signed_in = await self.door.signed_in(request)
        found = await self.sessions.list(signed_in.account.id)
        return private_json([_line(each, signed_in.session.id) for each in found])

    async def end(self, request: Request) -> Response:
        """End one session of one's own."""
        signed_in = await self.door.signed_in(request)
        self.door.protect(request, signed_in)
        session_id = SessionId(request.parameters["session_id"])
        await self.sessions.end(session_id, by=signed_in, origin=request.origin)
        own = session_id == signed_in.session.id
        return no_content(cleared_cookies(self.urls) if own else ())

    async def end_everywhere(self, request: Request) -> Response:
        """End every session of one's own, this one too."""
        signed_in = await self.door.signed_in(request)
        self.door.protect(request, signed_in)
        await self.sessions.end_everywhere(signed_in, origin=request.origin)
        return no_content(cleared_cookies(self.urls))


class AuthUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, in the fields of IdentSphere's guide; null where we have none."""

    user_id: str
    organization_id: str | None = None
    email: str
    is_platform_admin: bool
    platform_role: str | None
    api_key_id: str | None = None
    api_key_prefix: str | None = None
    api_key_name: str | None = None
    team_id: str | None = None
    project_id: str | None = None
    auth_method: str
    session_family_id: str
    mfa_verified_at: int | None = None
    scopes: tuple[str, ...] = ()
    allowed_ips: tuple[str, ...] = ()
    allowed_referrers: tuple[str, ...] = ()
    extensions: dict[str, str] = {}


class Capabilities(msgspec.Struct, frozen=True):
    """What they may do."""

    role: str
    permissions: tuple[str, ...]


class SessionResponse(msgspec.Struct, frozen=True):
    """``GET /v1/auth/session``."""

    user: AuthUser
    capabilities: Capabilities


class RefreshResponse(msgspec.Struct, frozen=True):
    """``POST /v1/auth/refresh``."""

    access_token: str
    expires_in: int


class SessionLine(msgspec.Struct, frozen=True):
    """One of ``GET /v1/auth/sessions``."""

    id: str
    user_agent: str | None
    ip_address: str | None
    last_active_at: str
    is_current: bool
    created_at: str


def auth_user(owner: Owner, session: Session) -> AuthUser:
    """Say who is signed in."""
    is_admin = owner.role is Role.ADMIN
    return AuthUser(
        user_id=owner.id,
        email=owner.email,
        is_platform_admin=is_admin,
        platform_role=owner.role.value if is_admin else None,
        auth_method=session.auth_method.value,
        session_family_id=session.id,
    )


def capabilities(role: Role) -> Capabilities:
    """Say what a role may do."""
    return Capabilities(role.value, permissions(role))


def page_cookie(opened: Opened, urls: Urls) -> Header:
    """The cookie that signs a browser in to the pages."""
    return cookie(
        page_session_name(urls),
        opened.page_token,
        urls=urls,
        max_age=opened.tokens.refresh_expires_in,
    )


def token_cookies(
    session_id: SessionId, tokens: Tokens, csrf: Csrf, urls: Urls
) -> tuple[Header, ...]:
    """The cookies that sign a browser in to the API."""
    life = tokens.expires_in
    return (
        cookie(ACCESS_COOKIE, tokens.access_token, urls=urls, max_age=life),
        cookie(
            REFRESH_COOKIE,
            tokens.refresh_token,
            urls=urls,
            max_age=tokens.refresh_expires_in,
            path=urls.local(PREFIX),
        ),
        cookie(CSRF_COOKIE, csrf.token(session_id), urls=urls, max_age=life, readable=True),
    )


def cleared_cookies(urls: Urls) -> tuple[Header, ...]:
    """What makes a browser forget a session, whichever door it came through."""
    names = (page_session_name(urls), ACCESS_COOKIE, CSRF_COOKIE)
    return (
        *(cookie(name, "", urls=urls, max_age=0) for name in names),
        cookie(REFRESH_COOKIE, "", urls=urls, max_age=0, path=urls.local(PREFIX)),
    )


def _credentials(request: Request, urls: Urls, first: Via) -> tuple[Credential, ...]:
    """What a request may be signed in by. A bearer token was meant; cookies come by themselves."""
    scheme, _, token = (request.header(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return (Credential(Via.BEARER, token.strip()),)
    cookies = request.cookies
    api, page = (Via.COOKIE, ACCESS_COOKIE), (Via.PAGE, page_session_name(urls))
    names = (page, api) if first is Via.PAGE else (api, page)
    return tuple([Credential(via, cookies[name]) for via, name in names if name in cookies])


def _line(session: Session, current: SessionId) -> SessionLine:
    return SessionLine(
        session.id,
        session.user_agent,
        session.ip_address,
        rfc3339(session.last_active_at),
        session.id == current,
        rfc3339(session.created_at),
    )
