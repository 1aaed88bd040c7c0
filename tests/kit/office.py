"""An office: OAuth's services over a house, and the programs and people that use them."""

from dataclasses import dataclass
from typing import Any

import pytest

from gatewatch.catalogue.outcomes import GrantType
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.errors import Refusal
from gatewatch.oauth.clients.rules import AuthenticatedClient, ClientType, Registration
from gatewatch.oauth.clients.service import Clients
from gatewatch.oauth.device.service import Device, Started
from gatewatch.oauth.tokens.service import Issued, Tokens
from gatewatch.protocol.client_authentication import ClientCredentials
from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE, House

ALL_GRANTS = tuple(GrantType)
DEVICE_GRANTS = (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN)


@dataclass
class Office:
    """OAuth's services, and what tests do with them over and over."""

    house: House
    clients: Clients
    tokens: Tokens
    device: Device

    async def credentials(self, **given: Any) -> ClientCredentials:
        """Register a program, and say how it shows who it is."""
        wanted: dict[str, Any] = {
            "name": "Television",
            "type": ClientType.CONFIDENTIAL,
            "grant_types": ALL_GRANTS,
            "scope": ("read", "write", "offline_access"),
            **given,
        }
        registered = await self.clients.create(Registration(**wanted), by=OPERATOR)
        secret = registered.secret.reveal() if registered.secret else None
        return ClientCredentials(registered.client.id, secret)

    async def program(self, **given: Any) -> AuthenticatedClient:
        """Register a program, and authenticate it."""
        return await self.clients.authenticate(await self.credentials(**given), SOMEWHERE)

    async def television(self, **given: Any) -> AuthenticatedClient:
        """Register a program that has no secret, and signs in as a device."""
        wanted = {"type": ClientType.PUBLIC, "grant_types": DEVICE_GRANTS, **given}
        return await self.program(**wanted)

    async def person(self, email: str = "ada@example.com") -> SignedIn:
        """Create someone, and sign them in to the pages."""
        await self.house.move_in(email)
        admitted = await self.house.login.offer(email, PASSWORD, origin=SOMEWHERE)
        credential = Credential(Via.PAGE, admitted.opened.page_token)
        signed_in = await self.house.sessions.check([credential])
        assert isinstance(signed_in, SignedIn)
        return signed_in

    async def approved(
        self, client: AuthenticatedClient, person: SignedIn, scope: str | None = None
    ) -> Started:
        """Start a device, and let it in."""
        started = await self.device.start(client, scope, SOMEWHERE)
        await self.device.approve(started.user_code, person, SOMEWHERE)
        return started

    async def signed_in(
        self, client: AuthenticatedClient, person: SignedIn, scope: str | None = None
    ) -> Issued:
        """Start a device, let it in, and have it collect its tokens."""
        started = await self.approved(client, person, scope)
        return await self.device.redeem(started.device_code, client, SOMEWHERE)


async def refusal_of(attempt: Any) -> str:
    """The code that an awaitable is refused with."""
    with pytest.raises(Refusal) as caught:
        await attempt
    return caught.value.code


def outcome_of(result: object) -> str:
    """How one of many ended: what refused it, or that nothing did."""
    if isinstance(result, Refusal):
        return result.code
    if isinstance(result, BaseException):
        raise result
    return "issued"


def office_in(home: House) -> Office:
    """Build OAuth's services over a house."""
    tokens = Tokens(
        home.database,
        home.journal,
        home.meter,
        home.clock,
        home.entropy,
        home.jwt,
        home.urls.issuer,
        home.settings.tokens,
    )
    clients = Clients(
        home.database,
        home.journal,
        home.meter,
        home.clock,
        home.entropy,
        on_disable=(tokens.revoke_all_of_client,),
    )
    device = Device(
        home.database,
        home.journal,
        home.meter,
        home.clock,
        home.entropy,
        home.ephemeral,
        home.throttle,
        tokens,
        home.settings.device,
        user_code_key=b"k" * 32,
    )
    return Office(home, clients, tokens, device)


@pytest.fixture
def office(home: House) -> Office:
    """An office on each engine."""
    return office_in(home)
