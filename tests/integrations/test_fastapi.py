"""FastAPI's dependencies, and its router."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from tests.integrations.applications import admits_whom_it_should, embedded, visiting

from gatewatch import Auth, Role, SignedIn
from gatewatch.integrations.fastapi import current_account, protect, require, router


def application(auth: Auth, *, own_lifespan: bool = True) -> FastAPI:
    app = FastAPI(lifespan=auth.lifespan if own_lifespan else None)

    async def me(account: Annotated[SignedIn, Depends(current_account(auth))]) -> str:
        return account.account.email

    async def admins(account: Annotated[SignedIn, Depends(require(auth, Role.ADMIN))]) -> str:
        return account.account.email

    person = Annotated[SignedIn, Depends(current_account(auth, csrf=False))]

    async def form(account: person) -> str:
        return auth.csrf_token(account)

    async def submit(request: Request, account: person) -> str:
        body = (await request.body()).decode()
        protect(auth, request, account, body.partition("csrf_token=")[2])
        return "kept"

    app.add_api_route("/me", me)
    app.add_api_route("/me", me, methods=["POST"])
    app.add_api_route("/admins", admins)
    app.add_api_route("/form", form)
    app.add_api_route("/form", submit, methods=["POST"])
    return app


@pytest.mark.parametrize("prefix", ["", "/auth"])
async def test_its_dependencies_admit_whom_they_should(prefix: str, tmp_path: Path) -> None:
    auth = embedded(tmp_path, prefix)
    app = application(auth)
    app.mount(prefix, auth.asgi())
    async with visiting(app, auth) as client:
        await admits_whom_it_should(client, prefix)


@pytest.mark.parametrize("prefix", ["", "/auth"])
async def test_its_router_has_every_route_and_the_lifespan(prefix: str, tmp_path: Path) -> None:
    auth = embedded(tmp_path, prefix)
    app = application(auth, own_lifespan=False)
    app.include_router(router(auth), prefix=prefix)
    async with app.router.lifespan_context(app), visiting(app, auth) as client:
        await admits_whom_it_should(client, prefix)
        assert (await client.get("/health")).status_code == (404 if prefix else 200)


async def test_routes_extend_its_own(tmp_path: Path) -> None:
    auth = embedded(tmp_path, "/auth")
    app = application(auth)
    app.routes.extend([*auth.routes(), *auth.well_known_routes()])
    async with visiting(app, auth) as client:
        await admits_whom_it_should(client, "/auth")
        metadata = await client.get("/.well-known/oauth-authorization-server/auth")
        assert metadata.json()["issuer"] == "https://example.com/auth"
        assert (await client.get("/openapi.json")).json()["paths"].keys() == {
            "/me", "/admins", "/form",
        }  # fmt: skip
