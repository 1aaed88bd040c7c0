"""OAuth clients, for an administrator: listed, registered, disabled, enabled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from gatewatch.catalogue.outcomes import GrantType
from gatewatch.http.csrf import Csrf
from gatewatch.http.errors import status_of
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response, see_other
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import ClientId
from gatewatch.oauth.clients.rules import Client, ClientStatus, ClientType, Registration
from gatewatch.oauth.clients.service import Clients, Registered
from gatewatch.protocol.scopes import parse_scope

PAGE_SIZE: Final = 50
"""Clients on a page."""

_NOTICES: Final = {
    "disabled": "The client was disabled. Its tokens have ended.",
    "enabled": "The client may ask for tokens again.",
}


@dataclass(frozen=True, slots=True)
class GrantChoice:
    """A way of asking for tokens, as the form offers it."""

    value: GrantType
    field: str
    words: str


GRANTS: Final = (
    GrantChoice(GrantType.DEVICE_CODE, "grant_device_code", "a code that a person approves"),
    GrantChoice(GrantType.REFRESH_TOKEN, "grant_refresh_token", "a refresh token"),
    GrantChoice(
        GrantType.CLIENT_CREDENTIALS, "grant_client_credentials", "its own secret, for itself"
    ),
)
"""What a client can be let do; a person never types a grant's name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A client as it was typed, so that a refusal costs nobody their typing."""

    name: str = ""
    type: str = ClientType.CONFIDENTIAL
    grant_types: tuple[GrantType, ...] = (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN)
    scope: str = "openid profile email offline_access"
    redirect_uris: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """A client that was just registered, with the secret that is shown this once."""

    name: str
    client_id: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class ClientsPage:
    """Programs that may ask for tokens."""

    template: ClassVar[str] = "admin/clients.html"
    grants: ClassVar[tuple[GrantChoice, ...]] = GRANTS
    viewer: Viewer
    clients: tuple[Client, ...]
    draft: Draft = Draft()
    created: Created | None = None
    older: str | None = None
    notice: str | None = None
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        scope = ("openid", "profile", "email", "offline_access")
        both = (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN)
        itself = (GrantType.CLIENT_CREDENTIALS,)
        at = datetime(2026, 2, 8, 9, 30, tzinfo=UTC)
        public, confidential = ClientType.PUBLIC, ClientType.CONFIDENTIAL
        active, disabled = ClientStatus.ACTIVE, ClientStatus.DISABLED
        cli, one, two = map(ClientId, ("gatewatch-cli", f"cli_{1:032x}", f"cli_{2:032x}"))
        return cls(
            Viewer.sample(),
            (
                Client(cli, "gatewatch command line", public, active, both, scope, (), None, at),
                Client(one, "Nightly report", confidential, active, itself, (), (), b"", at),
                Client(two, "Old television", public, disabled, both, scope, (), None, at),
            ),
            created=Created("Nightly report", one, "sGLrvBCmXf9h6xYlYUDd0Vd2uAYj5pKQqz4oTeJ1aWM"),
        )


@dataclass(frozen=True, slots=True)
class ClientsAdmin:
    """The clients' screen."""

    clients: Clients
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    urls: Urls

    async def page(self, request: Request) -> Response:
        """GET /admin/clients: programs that may ask for tokens."""
        visitor = await self.door.require_role(request, Role.ADMIN)
        notice = _NOTICES.get(request.query.get("done", ""))
        return await self._page(request, visitor, notice=notice)

    async def create(self, request: Request) -> Response:
        """POST /admin/clients: answers with the page itself, the one place that has the secret."""
        visitor, form = await self._form(request)
        draft = _draft(form)
        try:
            registered = await self.clients.create(
                _registration(draft), by=visitor.actor, origin=visitor.origin(request.origin)
            )
        except Refusal as refusal:
            return await self._page(request, visitor, draft=draft, refusal=refusal)
        return await self._page(request, visitor, created=_created(registered))

    async def disable(self, request: Request) -> Response:
        """POST /admin/clients/{client_id}/disable: puts a client out of use."""
        visitor, _ = await self._form(request)
        await self.clients.disable(
            ClientId(request.parameters["client_id"]),
            by=visitor.actor,
            origin=visitor.origin(request.origin),
        )
        return self._done("disabled")

    async def enable(self, request: Request) -> Response:
        """POST /admin/clients/{client_id}/enable: puts it back into use."""
        visitor, _ = await self._form(request)
        await self.clients.enable(
            ClientId(request.parameters["client_id"]),
            by=visitor.actor,
            origin=visitor.origin(request.origin),
        )
        return self._done("enabled")

    async def _form(self, request: Request) -> tuple[SignedIn, Mapping[str, str]]:
        visitor = await self.door.require_role(request, Role.ADMIN)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        return visitor, form

    async def _page(
        self,
        request: Request,
        visitor: SignedIn,
        *,
        draft: Draft = Draft(),
        created: Created | None = None,
        notice: str | None = None,
        refusal: Refusal | None = None,
    ) -> Response:
        after = request.query.get("after")
        found = await self.clients.page(
            after=ClientId(after) if after else None, size=PAGE_SIZE + 1
        )
        shown = tuple(found[:PAGE_SIZE])
        page = ClientsPage(
            viewer_of(visitor, self.csrf),
            shown,
            draft,
            created,
            older=f"?after={shown[-1].id}" if len(found) > PAGE_SIZE else None,
            notice=notice,
            problem=refusal.public if refusal else None,
        )
        return self.pages.response(page, status_of(refusal) if refusal else 200)

    def _done(self, what: str) -> Response:
        return see_other(f"{self.urls.local('/admin/clients')}?done={what}")


def _draft(form: Mapping[str, str]) -> Draft:
    return Draft(
        form.get("name", ""),
        form.get("type", ClientType.CONFIDENTIAL),
        tuple(grant.value for grant in GRANTS if grant.field in form),
        form.get("scope", ""),
        form.get("redirect_uris", ""),
    )


def _registration(draft: Draft) -> Registration:
    scope = parse_scope(" ".join(draft.scope.split()))
    if scope is None:
        raise Refusal("invalid_input", "A scope is a word of printable ASCII, without quotes.")
    if draft.type not in set(ClientType):
        raise Refusal("invalid_input", "There is no such type of client.")
    return Registration(
        draft.name,
        ClientType(draft.type),
        draft.grant_types,
        scope,
        tuple(draft.redirect_uris.split()),
    )


def _created(registered: Registered) -> Created:
    secret = registered.secret
    client = registered.client
    return Created(client.name, client.id, secret.reveal() if secret else None)
