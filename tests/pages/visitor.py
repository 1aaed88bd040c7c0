"""A visitor: a browser without script, in front of a whole server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.kit.house import NOON, OPERATOR, PASSWORD, SOMEWHERE, settings_of
from tests.pages.reading import Reading, read

from gatewatch.audit.pages import page as page_of_rows
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.auth import Auth
from gatewatch.identity.accounts.rules import Role
from gatewatch.kernel.time import FixedClock
from gatewatch.oauth.clients.rules import AuthenticatedClient
from gatewatch.oauth.device.service import Started

ADA, GRACE = "ada@example.com", "grace@example.com"


@asynccontextmanager
async def opened(data_dir: Path, clock: FixedClock, **more: object) -> AsyncIterator[Auth]:
    """A server with an administrator, Ada, and a user, Grace."""
    url = f"sqlite:///{data_dir}/gatewatch.db"
    async with Auth(settings_of(url, data_dir, **more), clock=clock) as auth:
        register = auth.services.passwords.register
        await register(ADA, PASSWORD, role=Role.ADMIN, display_name="Ada", by=OPERATOR)
        await register(GRACE, PASSWORD, by=OPERATOR)
        yield auth


@dataclass
class Visitor:
    """Follows links and sends forms as a browser does, one step at a time."""

    auth: Auth
    client: httpx.AsyncClient

    @property
    def origin(self) -> str:
        return self.auth.services.urls.origin

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def submit(self, path: str, on: Reading, **fields: str) -> httpx.Response:
        """Send a form that stands on a page, its hidden fields included."""
        hidden = on.form(path)
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        return await self.client.post(path, data={**hidden, **fields}, headers=headers)

    async def sign_in(
        self, email: str = ADA, password: str = PASSWORD, path: str = "/login"
    ) -> httpx.Response:
        form = read(await self.get(path))
        return await self.submit("/login", form, identifier=email, password=password)

    async def follow(self, response: httpx.Response) -> httpx.Response:
        assert response.status_code == 303
        parts = urlsplit(response.headers["location"])
        return await self.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)


@asynccontextmanager
async def visiting(auth: Auth, address: str = "198.51.100.7") -> AsyncIterator[Visitor]:
    """A visitor from an address."""
    transport = httpx.ASGITransport(auth.asgi(), client=(address, 50_000))
    async with httpx.AsyncClient(
        transport=transport,
        base_url=auth.services.urls.origin,
        headers={"accept": "text/html", "user-agent": "curl/8.5.0"},
    ) as client:
        yield Visitor(auth, client)


async def recorded(auth: Auth) -> list[AuditRow]:
    """Every event, in the order they happened."""
    await auth.services.journal.flush()
    rows = await page_of_rows(auth.services.database, Search(), count=1000)
    return sorted(rows, key=lambda row: row.sequence)


async def started(auth: Auth) -> tuple[AuthenticatedClient, Started]:
    """A device that waits, and the client it is of."""
    services = auth.services
    client = AuthenticatedClient(await services.clients.by_id("gatewatch-cli"))
    return client, await services.device.start(client, "openid email", SOMEWHERE)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that moves when told to."""
    return FixedClock(NOON)


@pytest.fixture
async def auth(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Auth]:
    """A server with an administrator, Ada, and a user, Grace."""
    async with opened(tmp_path, clock) as built:
        yield built


@pytest.fixture
async def visitor(auth: Auth) -> AsyncIterator[Visitor]:
    """Someone who has just come."""
    async with visiting(auth) as visitor:
        yield visitor


@pytest.fixture
async def ada(visitor: Visitor) -> Visitor:
    """The administrator, signed in."""
    assert (await visitor.sign_in(ADA)).status_code == 303
    return visitor


@pytest.fixture
async def grace(auth: Auth) -> AsyncIterator[Visitor]:
    """A user, signed in from elsewhere."""
    async with visiting(auth, "203.0.113.9") as visitor:
        assert (await visitor.sign_in(GRACE)).status_code == 303
        yield visitor
