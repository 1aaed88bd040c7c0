"""Litestar's mount, its dependency and its guard."""

from pathlib import Path

import pytest
from litestar import Litestar, Request, get, post, route
from litestar.di import NamedDependency, Provide
from tests.integrations.applications import admits_whom_it_should, embedded, visiting

from gatewatch import Auth, Role, SignedIn
from gatewatch.integrations.litestar import current_account, mount, protect, require, well_known


def application(auth: Auth) -> Litestar:
    provided = {"account": Provide(current_account(auth))}
    by_hand = {"account": Provide(current_account(auth, csrf=False))}

    @route("/me", http_method=["GET", "POST"], dependencies=provided, status_code=200)
    async def me(account: NamedDependency[SignedIn]) -> str:
        return account.account.email

    @get("/admins", guards=[require(auth, Role.ADMIN)], dependencies=provided)
    async def admins(account: NamedDependency[SignedIn]) -> str:
        return account.account.email

    @get("/form", dependencies=by_hand)
    async def form(account: NamedDependency[SignedIn]) -> str:
        return auth.csrf_token(account)

    @post("/form", dependencies=by_hand)
    async def submit(request: Request, account: NamedDependency[SignedIn]) -> str:
        body = (await request.body()).decode()
        protect(auth, request, account, body.partition("csrf_token=")[2])
        return "kept"

    return Litestar(
        route_handlers=[me, admins, form, submit, mount(auth), *well_known(auth)],
        lifespan=[auth.lifespan],
        openapi_config=None,
    )


@pytest.mark.parametrize("prefix", ["", "/auth", "/in/auth"])
async def test_it_admits_whom_it_should(prefix: str, tmp_path: Path) -> None:
    auth = embedded(tmp_path, prefix)
    async with visiting(application(auth), auth) as client:
        await admits_whom_it_should(client, prefix)
        metadata = await client.get(f"/.well-known/oauth-authorization-server{prefix}")
        assert metadata.json()["issuer"] == f"https://example.com{prefix}"
        assert (await client.get(f"{prefix}/health")).status_code == 200
        # What is escaped in a path is read once, as everywhere else.
        assert (await client.get(f"{prefix}/%68ealth")).status_code == 200
        assert (await client.get(f"{prefix}/%2568ealth")).status_code == 404
