"""Registers clients, finds out who is asking, and puts clients out of use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database, Work
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.clients import (
    ClientCreated,
    ClientDisabled,
    ClientEnabled,
    ClientRefused,
)
from gatewatch.catalogue.metrics import CLIENT_AUTHENTICATIONS
from gatewatch.catalogue.outcomes import ClientAuthentication, GrantType
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE, SYSTEM, Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import ClientId, client_id
from gatewatch.kernel.secrets import Entropy, Secret, digest, url_token
from gatewatch.kernel.time import Clock
from gatewatch.oauth.clients import store
from gatewatch.oauth.clients.rules import (
    AuthenticatedClient,
    Client,
    ClientStatus,
    ClientType,
    Registration,
    flaw,
    granted_scope,
    judge,
)
from gatewatch.protocol.client_authentication import Contradictory, Presented, Unreadable
from gatewatch.protocol.scopes import Scopes, scope_text

Hook = Callable[[Work, ClientId], Awaitable[object]]
"""What else happens in the transaction that disables a client."""

CLI: Final = Registration(
    name="gatewatch command line",
    type=ClientType.PUBLIC,
    grant_types=(GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN),
    scope=("openid", "profile", "email", "offline_access"),
    client_id=ClientId("gatewatch-cli"),
)
"""The client that is always there: our own command line, signing a person in."""

_REFUSED: Final = "The client could not be authenticated."


@dataclass(frozen=True, slots=True)
class Registered:
    """A new client. Its secret is shown now and never again: only its digest is kept."""

    client: Client
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Clients:
    """Knows the programs that may ask for tokens."""

    database: Database
    journal: Journal
    meter: Meter
    clock: Clock
    entropy: Entropy
    on_disable: tuple[Hook, ...] = ()

    async def authenticate(self, presented: Presented, origin: Origin) -> AuthenticatedClient:
        """Find out which client asks (RFC 6749 section 2.3.1).

        Raises:
            Refusal: invalid_client, in the same words whatever the reason; invalid_request when
                it authenticates in two ways at once.
        """
        match presented:
            case Contradictory():
                raise Refusal("invalid_request", "Authenticate in one way, not in two.")
            case Unreadable():
                named, client, outcome = None, None, ClientAuthentication.UNKNOWN
            case _:
                named = ClientId(presented.client_id)
                client = await self.by_id(named)
                outcome = judge(client, presented.secret)
        self.meter.tally(CLIENT_AUTHENTICATIONS, outcome)
        if client is None or outcome is not ClientAuthentication.AUTHENTICATED:
            self._refuse(named, outcome, origin)
        return AuthenticatedClient(client)

    async def by_id(self, client_id: ClientId) -> Client | None:
        """The client with this id."""
        row = await self.database.look.find(store.BY_ID, client_id)
        return None if row is None else store.client_of(row)

    async def page(self, *, after: ClientId | None = None, size: int = 50) -> list[Client]:
        """Clients in the order of their ids, from the one behind `after` on."""
        rows = await self.database.look.all(store.PAGE, after=after or "", size=size)
        return [store.client_of(row) for row in rows]

    async def create(
        self, wanted: Registration, *, by: Actor, origin: Origin = NOWHERE
    ) -> Registered:
        """Register a client.

        Raises:
            Refusal: invalid_input when the registration makes no sense, conflict when its id is
                taken.
        """
        if (wrong := flaw(wanted)) is not None:
            raise Refusal("invalid_input", wrong)
        registered = self._minted(wanted, self.clock.now())
        if not await self._add(registered.client, by, origin):
            raise Refusal("conflict", "There is a client with that id.")
        return registered

    async def ensure_cli(self) -> None:
        """Register our own command line, if nobody has; several processes may at once."""
        await self._add(self._minted(CLI, self.clock.now()).client, SYSTEM, NOWHERE)

    async def disable(self, client_id: ClientId, *, by: Actor, origin: Origin = NOWHERE) -> None:
        """Put a client out of use, and its tokens with it. Doing it twice changes nothing.

        Raises:
            Refusal: not_found.
        """
        async with self.database.work() as work:
            client = await self._moved(work, client_id, ClientStatus.DISABLED)
            if client is not None:
                for hook in self.on_disable:
                    await hook(work, client_id)
                event = ClientDisabled(client_id=client.id, client_name=client.name)
                await self.journal.record(work, event, actor=by, origin=origin)
        if client is None:
            await self._require(client_id)

    async def enable(self, client_id: ClientId, *, by: Actor, origin: Origin = NOWHERE) -> None:
        """Let a disabled client work again; tokens it had stay revoked.

        Raises:
            Refusal: not_found.
        """
        async with self.database.work() as work:
            client = await self._moved(work, client_id, ClientStatus.ACTIVE)
            if client is not None:
                event = ClientEnabled(client_id=client.id, client_name=client.name)
                await self.journal.record(work, event, actor=by, origin=origin)
        if client is None:
            await self._require(client_id)

    async def _moved(self, work: Work, client_id: ClientId, to: ClientStatus) -> Client | None:
        before = ClientStatus.ACTIVE if to is ClientStatus.DISABLED else ClientStatus.DISABLED
        moved = await work.run(
            store.MOVE, client_id=client_id, before=before, after=to, now=self.clock.now()
        )
        row = await work.find(store.BY_ID, client_id) if moved else None
        return None if row is None else store.client_of(row)

    async def _require(self, client_id: ClientId) -> None:
        if await self.by_id(client_id) is None:
            raise Refusal("not_found", "There is no such client.")

    def _minted(self, wanted: Registration, now: datetime) -> Registered:
        confidential = wanted.type is ClientType.CONFIDENTIAL
        secret = Secret(url_token(self.entropy)) if confidential else None
        client = Client(
            wanted.client_id or client_id(now, self.entropy),
            wanted.name.strip(),
            wanted.type,
            ClientStatus.ACTIVE,
            wanted.grant_types,
            wanted.scope,
            wanted.redirect_uris,
            digest(secret.reveal()) if secret else None,
            now,
        )
        return Registered(client, secret)

    async def _add(self, client: Client, by: Actor, origin: Origin) -> bool:
        async with self.database.work() as work:
            added = await work.run(store.ADD_IF_ABSENT, **store.row_of(client))
            if added:
                event = ClientCreated(
                    client_id=client.id,
                    client_name=client.name,
                    client_type=client.type,
                    grant_types=client.grant_types,
                    scope=scope_text(client.scope),
                    redirect_uris=client.redirect_uris,
                )
                await self.journal.record(work, event, actor=by, origin=origin)
        return added == 1

    def _refuse(
        self, named: ClientId | None, outcome: ClientAuthentication, origin: Origin
    ) -> NoReturn:
        event = ClientRefused(client_id=named, outcome=outcome)
        self.journal.spool(event, actor=ANONYMOUS, origin=origin)
        raise Refusal("invalid_client", _REFUSED, f"{named}: {outcome}")


def require_grant(client: AuthenticatedClient, grant_type: GrantType) -> None:
    """Make sure that a client may use a grant.

    Raises:
        Refusal: unauthorized_client (RFC 6749 section 5.2).
    """
    if grant_type not in client.grant_types:
        raise Refusal("unauthorized_client", f"The client may not use {grant_type}.")


def scope_for(client: AuthenticatedClient, asked: str | None) -> Scopes:
    """The scope that a client gets when it asks for `asked`, or for nothing in particular.

    Raises:
        Refusal: invalid_scope, when it asks for more than it is registered for.
    """
    scope = granted_scope(client, asked)
    if scope is None:
        raise Refusal("invalid_scope", "The client may not ask for that scope.")
    return scope
