"""Signing in and out, in a browser."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from gatewatch.http.cookies import HOST_PREFIX, cookie
from gatewatch.http.csrf import Csrf
from gatewatch.http.pages import Pages
from gatewatch.http.request import Request
from gatewatch.http.response import Response, see_other
from gatewatch.http.urls import Urls
from gatewatch.identity.login.service import Login
from gatewatch.identity.sessions.endpoint import Doorkeeper, cleared_cookies, page_cookie
from gatewatch.identity.sessions.service import Sessions
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Entropy, url_token

_FORM_LIFE: Final = 86_400
"""Seconds that a sign-in form may lie open before it has to be fetched anew."""

_BINDING: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What the form's cookie holds when it is ours."""

_STALE: Final = Refusal("csrf_failed", "That form had lain open for too long. Try once more.")


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in form, with what was typed and what was wrong with it."""

    template: ClassVar[str] = "identity/login/sign_in.html"
    form_token: str
    target: str
    identifier: str = ""
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        problem = "The email or the password is wrong."
        return cls("c2FtcGxl", "/device?user_code=WDJB-MJHT", "ada@example.com", problem)


@dataclass(frozen=True, slots=True)
class LoginPages:
    """``/login`` and ``/logout``."""

    login: Login
    sessions: Sessions
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    urls: Urls
    entropy: Entropy

    async def form(self, request: Request) -> Response:
        """GET /login: the form; whoever is signed in already goes straight on."""
        target = self._target(request.query.get("redirect"))
        if await self.door.maybe(request) is not None:
            return see_other(target)
        return self._show(request, target)

    async def submit(self, request: Request) -> Response:
        """POST /login: signs in, and goes on to where one was going."""
        form = await request.form()
        target = self._target(form.get("redirect"))
        identifier = form.get("identifier", "")
        if not self._is_ours(request, form.get("csrf_token")):
            return self._show(request, target, identifier, _STALE)
        try:
            admitted = await self.login.offer(
                identifier, form.get("password", ""), origin=request.origin
            )
        except Refusal as refusal:
            return self._show(request, target, identifier, refusal)
        return see_other(target, (page_cookie(admitted.opened, self.urls),))

    async def log_out(self, request: Request) -> Response:
        """POST /logout: ends the session."""
        form = await request.form()
        visitor = await self.door.maybe(request)
        if visitor is not None:
            self.door.protect(request, visitor, form.get("csrf_token"))
            await self.sessions.log_out(visitor, origin=request.origin)
        return see_other(self.urls.local("/login"), cleared_cookies(self.urls))

    def _show(
        self, request: Request, target: str, identifier: str = "", refusal: Refusal | None = None
    ) -> Response:
        """Show the form, bound to a cookie: before there is a session, nothing else is held."""
        binding = self._binding(request) or url_token(self.entropy)
        kept = cookie(self._cookie, binding, urls=self.urls, max_age=_FORM_LIFE)
        token = self.csrf.token(binding)
        if refusal is None:
            return self.pages.response(SignInPage(token, target, identifier), headers=(kept,))
        page = SignInPage(token, target, identifier, refusal.public)
        return self.pages.refused(page, refusal, (kept,))

    def _is_ours(self, request: Request, token: str | None) -> bool:
        binding = self._binding(request)
        return binding is not None and self.csrf.proves(request, token, binding)

    def _binding(self, request: Request) -> str | None:
        """What the browser holds; another's cookie of that name is not sent back to it."""
        held = request.cookies.get(self._cookie, "")
        return held if _BINDING.fullmatch(held) else None

    def _target(self, asked: str | None) -> str:
        return self.urls.safe_target(asked, otherwise="/")

    @property
    def _cookie(self) -> str:
        name = "gatewatch_form"
        return f"{HOST_PREFIX}{name}" if self.urls.secure else name
