"""Each example is started as its reader would, and used as its users would."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.kit.host import ROOT, hosting
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

GRACE, PASSWORD = "grace@example.com", "a password of her own"
PREFIXES = {"fastapi_app": "/auth", "starlette_app": "", "litestar_app": "/auth"}


@pytest.fixture(params=PREFIXES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A running example, and the prefix that gatewatch is below."""
    prefix = PREFIXES[request.param]
    with hosting(ROOT / "examples" / request.param, tmp_path / "data", prefix=prefix) as server:
        yield server, prefix


async def sign_in(client: httpx.AsyncClient, prefix: str, email: str, password: str) -> str:
    """Sign in through the API; the access token."""
    answer = await client.post(
        f"{prefix}/v1/auth/login", json={"email": email, "password": password}
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def meant(client: httpx.AsyncClient) -> dict[str, str]:
    """The header that says a change was meant."""
    return {"X-CSRF-Token": client.cookies["gatewatch_csrf"]}


async def test_an_example_signs_people_in_and_out(example: tuple[Server, str]) -> None:
    server, prefix = example
    server.cli("accounts", "create", "--email", GRACE, "--password-stdin", stdin=PASSWORD)
    async with server.client() as grace, server.client() as ada, server.client() as nobody:
        await nobody_gets_in(nobody)
        await sign_in(grace, prefix, GRACE, PASSWORD)
        await sign_in(ada, prefix, ADMIN_EMAIL, ADMIN_PASSWORD)
        await a_cookie_must_prove_what_it_changes(grace)
        await the_role_is_asked_for(grace, ada)
        await a_session_is_refreshed_and_ended(grace, prefix)
        assert (await ada.get("/notes")).status_code == 200
        await a_bearer_token_signs_in(nobody, prefix)


async def nobody_gets_in(nobody: httpx.AsyncClient) -> None:
    for path in ("/notes", "/authors"):
        answer = await nobody.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (
            401,
            'Bearer realm="gatewatch"',
        )
    assert (await nobody.post("/notes?text=hello")).status_code == 401


async def a_cookie_must_prove_what_it_changes(grace: httpx.AsyncClient) -> None:
    assert (await grace.post("/notes?text=hello")).status_code == 403
    elsewhere = {**meant(grace), "Origin": "https://evil.example"}
    assert (await grace.post("/notes?text=hello", headers=elsewhere)).status_code == 403
    kept = await grace.post("/notes?text=hello", headers=meant(grace))
    assert (kept.status_code, kept.json()) == (201, ["hello"])
    assert (await grace.get("/notes")).json() == ["hello"]


async def the_role_is_asked_for(grace: httpx.AsyncClient, ada: httpx.AsyncClient) -> None:
    assert (await grace.get("/authors")).status_code == 403
    assert (await ada.get("/authors")).json() == [GRACE]


async def a_session_is_refreshed_and_ended(grace: httpx.AsyncClient, prefix: str) -> None:
    stolen = {"Authorization": f"Bearer {grace.cookies['gatewatch_at']}"}
    assert (await grace.post(f"{prefix}/v1/auth/refresh")).status_code == 200
    assert (await grace.get("/notes")).status_code == 200
    left = await grace.post(f"{prefix}/v1/auth/logout", headers=meant(grace))
    assert left.status_code == 204
    assert (await grace.get("/notes")).status_code == 401
    assert (await grace.get("/notes", headers=stolen)).status_code == 401


async def a_bearer_token_signs_in(client: httpx.AsyncClient, prefix: str) -> None:
    token = await sign_in(client, prefix, GRACE, PASSWORD)
    client.cookies.clear()
    kept = await client.post("/notes?text=again", headers={"Authorization": f"Bearer {token}"})
    assert (kept.status_code, kept.json()) == (201, ["hello", "again"])
