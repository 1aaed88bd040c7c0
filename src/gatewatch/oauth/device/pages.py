"""Letting a device in, or turning it away, in a browser (RFC 8628 section 3.3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from gatewatch.http.csrf import Csrf
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response
from gatewatch.http.user_agents import describe
from gatewatch.identity.accounts.rules import DEVICE_APPROVERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.identity.throttle.rules import address_key
from gatewatch.kernel.errors import Refusal
from gatewatch.oauth.device.rules import PendingGrant, parse_user_code, shown
from gatewatch.oauth.device.service import Device

_SCOPES: Final = {
    "openid": "Know which account is yours",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in while you are away",
}
"""What the scopes of OpenID Connect Core sections 5.4 and 11 mean, in words."""


@dataclass(frozen=True, slots=True)
class EnterCodePage:
    """Asks for the code that a device shows."""

    template: ClassVar[str] = "oauth/device/enter.html"
    viewer: Viewer
    typed: str = ""
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(Viewer.sample(), "WDJB-MJHT", "No device is waiting with this code.")


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A scope, and what granting it means."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """Who asks for what, from where: the one page from which a device is let in."""

    template: ClassVar[str] = "oauth/device/confirm.html"
    viewer: Viewer
    user_code: str
    client_name: str
    scopes: tuple[ScopeLine, ...]
    asked_at: datetime
    address: str | None
    program: str
    own_address: str | None

    @property
    def is_elsewhere(self) -> bool:
        """Whether the device asked from another network than its approver is on."""
        if self.address is None or self.own_address is None:
            return False
        return address_key(self.address) != address_key(self.own_address)

    @classmethod
    def sample(cls) -> Self:
        return cls(
            viewer=Viewer.sample(),
            user_code="WDJB-MJHT",
            client_name="Living-room television",
            scopes=tuple(map(_scope_line, ("openid", "email", "offline_access", "films:watch"))),
            asked_at=datetime(2026, 2, 8, 9, 58, tzinfo=UTC),
            address="203.0.113.9",
            program="curl/8.5.0",
            own_address="198.51.100.7",
        )


@dataclass(frozen=True, slots=True)
class DonePage:
    """The device was let in, or turned away."""

    template: ClassVar[str] = "oauth/device/done.html"
    viewer: Viewer
    client_name: str
    is_approved: bool

    @classmethod
    def sample(cls) -> Self:
        return cls(Viewer.sample(), "Living-room television", is_approved=True)


@dataclass(frozen=True, slots=True)
class DevicePages:
    """``/device``: the verification URI."""

    device: Device
    door: Doorkeeper
    pages: Pages
    csrf: Csrf

    async def page(self, request: Request) -> Response:
        """GET /device: asks for a code; with one, asks whether to let the device in.

        Opening a link approves nothing (section 5.4): that takes a form of ours.
        """
        visitor = await self.door.require_role(request, *DEVICE_APPROVERS)
        typed = request.query.get("user_code", "")
        if not typed:
            return self.pages.response(EnterCodePage(viewer_of(visitor, self.csrf)))
        try:
            grant = await self.device.look_up(typed, visitor, request.origin)
        except Refusal as refusal:
            return self._refused(visitor, typed, refusal)
        return self.pages.response(self._confirm(grant, typed, visitor, request))

    async def decide(self, request: Request) -> Response:
        """POST /device: lets the device in, or turns it away."""
        visitor = await self.door.require_role(request, *DEVICE_APPROVERS)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        typed = form.get("user_code", "")
        action = form.get("action", "")
        decide = {"approve": self.device.approve, "deny": self.device.deny}.get(action)
        if decide is None:
            raise Refusal("invalid_input", "Either approve or deny the device.")
        try:
            grant = await decide(typed, visitor, request.origin)
        except Refusal as refusal:
            return self._refused(visitor, typed, refusal)
        viewer = viewer_of(visitor, self.csrf)
        page = DonePage(viewer, grant.client_name, is_approved=action == "approve")
        return self.pages.response(page)

    def _refused(self, visitor: SignedIn, typed: str, refusal: Refusal) -> Response:
        page = EnterCodePage(viewer_of(visitor, self.csrf), typed, refusal.public)
        return self.pages.refused(page, refusal)

    def _confirm(
        self, grant: PendingGrant, typed: str, visitor: SignedIn, request: Request
    ) -> ConfirmPage:
        return ConfirmPage(
            viewer=viewer_of(visitor, self.csrf),
            user_code=shown(parse_user_code(typed) or typed),
            client_name=grant.client_name,
            scopes=tuple(map(_scope_line, grant.scope)),
            asked_at=grant.asked_at,
            address=grant.address,
            program=describe(grant.user_agent),
            own_address=request.address,
        )


def _scope_line(scope: str) -> ScopeLine:
    return ScopeLine(scope, _SCOPES.get(scope, "Use the permission it calls"))
