"""`Auth` and its doors."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from gatewatch import Auth, ConfigurationError, Refusal
from tests.kit.house import OPERATOR, PASSWORD, settings_of
from tests.pages.visitor import recorded

ADA = "ada@example.com"


@pytest.fixture
def unopened(tmp_path: Path) -> Auth:
    return embedded(tmp_path)


def embedded(tmp_path: Path, **more: object) -> Auth:
    given = {"admin_email": ADA, "admin_password": PASSWORD, **more}
    return Auth(settings_of(f"sqlite:///{tmp_path}/gatewatch.db", tmp_path, **given))


def asking(app: object, base_url: str = "http://localhost:8080") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)


async def test_a_host_that_forgot_the_lifespan_is_told(unopened: Auth) -> None:
    async with asking(Starlette(routes=[Mount("/", unopened.asgi())])) as client:
        answer = await client.get("/health")
        assert answer.status_code == 503
        assert "pass auth.lifespan to your own" in answer.text
        assert (await client.get("/health")).status_code == 503


async def test_a_host_that_mounts_it_elsewhere_than_its_issuer_is_told(tmp_path: Path) -> None:
    for issuer in ("http://localhost:8080", "http://localhost:8080/sign-in"):
        async with embedded(tmp_path, issuer=issuer) as auth:
            mounted = Starlette(routes=[Mount("/auth", auth.asgi())])
            routed = Starlette(routes=auth.routes(prefix="/auth"))
            for app in (mounted, routed):
                async with asking(app) as client:
                    answer = await client.get("/auth/login")
                    assert answer.status_code == 503
                    assert f"not where its issuer says: {issuer}. Set GATEWATCH_" in answer.text


async def test_it_opens_once_and_closes_at_the_last(
    unopened: Auth, capsys: pytest.CaptureFixture[str]
) -> None:
    async with unopened.lifespan(), asking(unopened.asgi()) as client:
        async with unopened.lifespan(), unopened:
            assert (await client.get("/health")).status_code == 200
        assert (await client.get("/health")).status_code == 200
    assert (await client_of(unopened)).status_code == 503
    async with unopened:
        actions = [row.action for row in await recorded(unopened)]
    assert actions.count("system.started") == actions.count("system.stopped") == 1
    assert capsys.readouterr().err.count("The first administrator was made.") == 1


async def client_of(auth: Auth) -> httpx.Response:
    async with asking(auth.asgi()) as client:
        return await client.get("/health")


def test_it_opens_again_in_another_event_loop(unopened: Auth) -> None:
    for _ in range(3):
        asyncio.run(some_sign_ins(unopened))
    actions = asyncio.run(actions_of(unopened))
    assert actions.count("auth.login.failed") == 3
    assert actions.count("auth.login") == 12


async def some_sign_ins(auth: Auth) -> None:
    async with auth.lifespan(), asking(auth.asgi()) as client:
        await asyncio.gather(*(sign_in(client, PASSWORD) for _ in range(4)))
        assert (await sign_in(client, "not her password")).status_code == 401
        await asyncio.sleep(1.1)  # the writer of the audit log has its turn


async def sign_in(client: httpx.AsyncClient, password: str) -> httpx.Response:
    return await client.post("/v1/auth/login", json={"email": ADA, "password": password})


async def actions_of(auth: Auth) -> list[str]:
    async with auth:
        return [row.action for row in await recorded(auth)]


async def test_it_lives_within_the_lifespan_of_its_host(unopened: Auth) -> None:
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        async with unopened.lifespan(app):
            seen.append("open" if (await client_of(unopened)).status_code == 200 else "closed")
            yield {"colour": "red"}
        seen.append("open" if (await client_of(unopened)).status_code == 200 else "closed")

    app = Starlette(lifespan=lifespan)
    async with app.router.lifespan_context(app) as state:
        assert state == {"colour": "red"}
    assert seen == ["open", "closed"]


async def test_what_fails_to_open_leaves_nothing_open(tmp_path: Path) -> None:
    async with embedded(tmp_path):
        pass
    stranger = embedded(tmp_path, secret_key="another key, of the same length as it was")
    with pytest.raises(ConfigurationError, match="GATEWATCH_SECRET_KEY is not the key"):
        await stranger.open()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with embedded(tmp_path) as auth:
        assert (await client_of(auth)).status_code == 200


async def test_every_shape_serves_the_same_below_the_prefix(tmp_path: Path) -> None:
    async with embedded(tmp_path, issuer="http://localhost:8080/in/auth") as auth:
        await auth.services.passwords.register(ADA, PASSWORD, by=OPERATOR)
        own = Route("/", lambda _request: PlainTextResponse("the host's own"))
        shapes = {
            "mounted": Starlette(routes=[own, Mount("/in/auth", auth.asgi())]),
            "routes": Starlette(routes=[own, *auth.routes()]),
            "behind a proxy that takes /in away": Starlette(
                routes=[own, Mount("/auth", auth.asgi())]
            ),
        }
        for shape, app in shapes.items():
            prefix = "/auth" if "proxy" in shape else "/in/auth"
            async with asking(app) as client:
                assert (await client.get("/")).text == "the host's own"
                page = await client.get(f"{prefix}/login")
                assert page.status_code == 200, shape
                assert 'action="/in/auth/login"' in page.text
                style = page.text.split('rel="stylesheet" href="')[1].partition('"')[0]
                found = await client.get(prefix + style.removeprefix("/in/auth"))
                assert found.status_code == 200, shape
                assert (await client.get(f"{prefix}{prefix}/login")).status_code == 404
                assert (await client.get("/login")).status_code == 404
                start = await client.get(f"{prefix}/")
                assert start.headers["location"].startswith("/in/auth/login?redirect=%2Fin%2Fauth")
                login = {"email": ADA, "password": PASSWORD}
                signed_in = await client.post(f"{prefix}/v1/auth/login", json=login)
                assert "Path=/in/auth/v1/auth;" in str(signed_in.headers.get_list("set-cookie"))


async def test_metadata_is_at_the_root_of_the_host_alone(tmp_path: Path) -> None:
    path = "/.well-known/oauth-authorization-server"
    auth = embedded(tmp_path, issuer="http://localhost:8080/in/auth")
    async with auth, asking(Starlette(routes=auth.well_known_routes())) as client:
        answer = await client.get(f"{path}/in/auth")
        assert answer.json()["issuer"] == "http://localhost:8080/in/auth"
        assert (await client.get(path)).status_code == 404
        assert (await client.post(f"{path}/in/auth")).status_code == 405
    async with embedded(tmp_path) as auth:
        assert auth.well_known_routes() == []


async def test_a_form_of_the_hosts_own_proves_itself(unopened: Auth) -> None:
    async with unopened.lifespan(), asking(unopened.asgi()) as client:
        await sign_in(client, PASSWORD)
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/notes",
            "headers": [(b"cookie", cookies.encode())],
        }
        with pytest.raises(Refusal, match="csrf_failed"):
            await unopened.signed_in(scope)
        account = await unopened.signed_in(scope, csrf=False)
        assert account.account.email == ADA
        unopened.protect(scope, account, unopened.csrf_token(account))
        for token in (None, "", "forged"):
            with pytest.raises(Refusal, match="csrf_failed"):
                unopened.protect(scope, account, token)
        assert await unopened.signed_in({**scope, "method": "GET"}) == account
