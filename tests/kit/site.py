"""A site: everything over HTTP, on a real server, with a clock that moves when told to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from gatewatch.auth import Auth
from gatewatch.catalogue.outcomes import GrantType
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.time import FixedClock
from gatewatch.oauth.clients.rules import ClientType, Registration
from gatewatch.services import Services
from tests.kit.house import NOON, OPERATOR, PASSWORD, settings_of

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
Pair = tuple[str, str]


@dataclass
class Site:
    """A server that answers, and what stands behind it."""

    http: httpx.AsyncClient
    services: Services
    clock: FixedClock
    issuer: str

    async def keeper(self, scope: str = "read write offline_access") -> Pair:
        """Register a program that has a secret: its id and that."""
        wanted = Registration(
            name="Keeper",
            type=ClientType.CONFIDENTIAL,
            grant_types=tuple(GrantType),
            scope=tuple(scope.split()),
        )
        registered = await self.services.clients.create(wanted, by=OPERATOR)
        assert registered.secret is not None
        return registered.client.id, registered.secret.reveal()

    async def television(self, scope: str = "read write offline_access") -> str:
        """Register a program that has no secret: its id."""
        wanted = Registration(
            name="Television",
            type=ClientType.PUBLIC,
            grant_types=(GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN),
            scope=tuple(scope.split()),
        )
        return (await self.services.clients.create(wanted, by=OPERATOR)).client.id

    async def person(self, email: str = "ada@example.com") -> SignedIn:
        """Create someone, and sign them in to the pages."""
        await self.services.passwords.register(email, PASSWORD, by=OPERATOR)
        admitted = await self.services.login.offer(email, PASSWORD, origin=NOWHERE)
        credential = Credential(Via.PAGE, admitted.opened.page_token)
        signed_in = await self.services.sessions.check([credential])
        assert isinstance(signed_in, SignedIn)
        return signed_in

    async def start(self, client_id: str, **more: str) -> dict:
        """Ask for a device's codes."""
        response = await self.http.post("/oauth/device/code", data={"client_id": client_id, **more})
        assert response.status_code == 200, response.text
        return response.json()

    async def poll(self, client_id: str, device_code: str) -> httpx.Response:
        """Poll the token endpoint as a device does."""
        form = {"grant_type": DEVICE_CODE, "client_id": client_id, "device_code": device_code}
        return await self.http.post("/oauth/token", data=form)

    async def signed_in(self, client_id: str, **more: str) -> dict:
        """Sign a device in, as someone new: its tokens."""
        started = await self.start(client_id, **more)
        person = await self.person(f"{client_id}@example.com")
        await self.services.device.approve(started["user_code"], person, NOWHERE)
        response = await self.poll(client_id, started["device_code"])
        assert response.status_code == 200, response.text
        return response.json()


@asynccontextmanager
async def serving(url: str, data_dir: Path, **more: object) -> AsyncIterator[Site]:
    """Serve everything on a free port, in this event loop."""
    clock = FixedClock(NOON)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        auth = Auth(settings_of(url, data_dir, issuer=issuer, **more), clock=clock)
        config = uvicorn.Config(auth.asgi(), lifespan="on", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listener]))
        while not server.started:
            assert not running.done(), running.exception()
            await asyncio.sleep(0.01)
        async with httpx.AsyncClient(base_url=issuer) as http:
            yield Site(http, auth.services, clock, issuer)
        server.should_exit = True
        await running


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A site over SQLite: what HTTP adds does not depend on the engine."""
    async with serving(f"sqlite:///{tmp_path}/gatewatch.db", tmp_path) as served:
        yield served
