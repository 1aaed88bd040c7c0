"""The account's own page: who am I, and where am I signed in?"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from gatewatch.http.csrf import Csrf
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response, see_other
from gatewatch.http.urls import Urls
from gatewatch.http.user_agents import describe
from gatewatch.identity.accounts.rules import AUDIT_READERS, Role
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.rules import Session, SignedIn
from gatewatch.identity.sessions.service import Sessions
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import SessionId

_NOTICES: Final = {
    "ended": "That session has ended.",
    "ended_others": "All other sessions have ended.",
}


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session, as its owner would recognise it."""

    id: str
    program: str
    address: str | None
    created_at: datetime
    last_active_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """Who is signed in, and everywhere they are."""

    template: ClassVar[str] = "identity/sessions/home.html"
    viewer: Viewer
    account_id: str
    email: str
    display_name: str | None
    role: str
    sessions: tuple[SessionCard, ...]
    notice: str | None = None

    @classmethod
    def sample(cls) -> Self:
        at = datetime(2026, 2, 8, 9, 30, tzinfo=UTC)
        return cls(
            viewer=Viewer.sample(),
            account_id="acc_019a7c52e8f19c4b6a1d2e3f40516273",
            email="ada@example.com",
            display_name="Ada Lovelace",
            role="admin",
            sessions=(
                SessionCard("ses_1", "Firefox on Linux", "198.51.100.7", at, at, is_current=True),
                SessionCard("ses_2", "Safari on iPhone", "2001:db8::1c", at, at, is_current=False),
                SessionCard("ses_3", "curl/8.5.0", "203.0.113.9", at, at, is_current=False),
            ),
        )


@dataclass(frozen=True, slots=True)
class HomePages:
    """``/`` and ``/sessions``."""

    sessions: Sessions
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    urls: Urls

    async def page(self, request: Request) -> Response:
        """GET /: who one is, and everywhere one is signed in."""
        visitor = await self.door.signed_in(request)
        account = visitor.account
        found = await self.sessions.list(account.id)
        return self.pages.response(
            HomePage(
                viewer_of(visitor, self.csrf),
                account.id,
                account.email,
                account.display_name,
                account.role.value,
                tuple(_card(each, visitor) for each in found),
                _NOTICES.get(request.query.get("done", "")),
            )
        )

    async def end(self, request: Request) -> Response:
        """POST /sessions/{session_id}/end: ends a session of one's own."""
        visitor = await self.door.signed_in(request)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        session_id = SessionId(request.parameters["session_id"])
        await self.sessions.end(session_id, by=visitor, origin=request.origin)
        return self._home("ended")

    async def end_others(self, request: Request) -> Response:
        """POST /sessions/end-others: ends every session of one's own but this."""
        visitor = await self.door.signed_in(request)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        for each in await self.sessions.list(visitor.account.id):
            if each.id != visitor.session.id:
                with suppress(Refusal):  # it ended by itself meanwhile
                    await self.sessions.end(each.id, by=visitor, origin=request.origin)
        return self._home("ended_others")

    def _home(self, done: str) -> Response:
        return see_other(f"{self.urls.local('/')}?done={done}")


def viewer_of(visitor: SignedIn, csrf: Csrf) -> Viewer:
    """Whoever is signed in, as pages show them."""
    return Viewer(
        visitor.account.email,
        is_admin=visitor.account.role is Role.ADMIN,
        reads_audit=visitor.account.role in AUDIT_READERS,
        csrf_token=csrf.token(visitor.session.id),
    )


def _card(session: Session, visitor: SignedIn) -> SessionCard:
    return SessionCard(
        session.id,
        describe(session.user_agent),
        session.ip_address,
        session.created_at,
        session.last_active_at,
        is_current=session.id == visitor.session.id,
    )
