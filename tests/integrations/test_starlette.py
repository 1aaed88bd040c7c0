"""Starlette's helper and its decorator."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from tests.integrations.applications import admits_whom_it_should, embedded, visiting

from gatewatch import Auth, Role
from gatewatch.integrations.starlette import current_account, protect, require


def own_routes(auth: Auth) -> list[Route]:
    async def me(request: Request) -> Response:
        return PlainTextResponse((await current_account(auth, request)).account.email)

    @require(auth, Role.ADMIN)
    async def admins(request: Request) -> Response:
        return PlainTextResponse(request.state.account.account.email)

    async def form(request: Request) -> Response:
        account = await current_account(auth, request, csrf=False)
        if request.method == "GET":
            return PlainTextResponse(auth.csrf_token(account))
        body = (await request.body()).decode()
        protect(auth, request, account, body.partition("csrf_token=")[2])
        return PlainTextResponse("kept")

    return [
        Route("/me", me, methods=["GET", "POST"]),
        Route("/admins", admins),
        Route("/form", form, methods=["GET", "POST"]),
    ]


@pytest.mark.parametrize("prefix", ["", "/auth"])
@pytest.mark.parametrize("shape", ["mounted", "routes"])
async def test_it_admits_whom_it_should(shape: str, prefix: str, tmp_path: Path) -> None:
    auth = embedded(tmp_path, prefix)
    gatewatch = [Mount(prefix, auth.asgi())] if shape == "mounted" else auth.routes()
    app = Starlette(routes=[*own_routes(auth), *gatewatch], lifespan=auth.lifespan)
    async with visiting(app, auth) as client:
        await admits_whom_it_should(client, prefix)
