"""A house on each engine, and its door over HTTP."""

from collections.abc import Callable

import httpx
import pytest
from tests.kit.house import House, home, house_url

from gatewatch.backends.telemetry.logs import RequestLog
from gatewatch.backends.telemetry.meter import Meter, RequestMeter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.http.client_address import ClientAddress
from gatewatch.http.errors import Errors
from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.http.routing import Face, Route, Router
from gatewatch.http.shell import Shell
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.login.endpoint import LoginEndpoint
from gatewatch.identity.sessions.endpoint import SessionEndpoint

__all__ = ["browser", "home", "house_url"]

Open = Callable[[], httpx.AsyncClient]


@pytest.fixture
def browser(home) -> Open:
    """Opens browsers: each keeps its own cookies, as a person's does."""
    shell = _shell(home)

    def open_one() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(shell, client=("198.51.100.7", 4711))
        return httpx.AsyncClient(transport=transport, base_url=home.urls.issuer)

    return open_one


def _shell(home: House) -> Shell:
    login = LoginEndpoint(home.login, home.csrf, home.urls)
    session = SessionEndpoint(home.sessions, home.door, home.csrf, home.urls)

    async def administer(request: Request) -> Response:
        signed_in = await home.door.require_role(request, Role.ADMIN)
        return private_json({"email": signed_in.account.email})

    table = [
        ("POST", "/v1/auth/login", login.post),
        ("POST", "/v1/auth/refresh", session.refresh),
        ("POST", "/v1/auth/logout", session.log_out),
        ("GET", "/v1/auth/session", session.current),
        ("GET", "/v1/auth/sessions", session.list),
        ("DELETE", "/v1/auth/sessions", session.end_everywhere),
        ("DELETE", "/v1/auth/sessions/{session_id}", session.end),
        ("GET", "/administer", administer),
    ]
    router = Router([Route(*line, Face.API) for line in table])
    return Shell(
        router,
        Errors(lambda _request, status, _title, text: Response(status, text.encode())),
        RequestMeter(Meter(METRICS, router.templates)),
        RequestLog(home.clock),
        ClientAddress(),
        home.urls,
        home.clock,
        home.entropy,
    )
