"""The same small application in each framework: what its endpoints answer is compared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from tests.kit.house import OPERATOR, PASSWORD, settings_of

from gatewatch import Auth

ADA, GRACE = "ada@example.com", "grace@example.com"
BASE = "https://example.com"


def embedded(folder: Path, prefix: str) -> Auth:
    """A gatewatch below a prefix, with nobody in it."""
    url = f"sqlite:///{folder}/gatewatch.db"
    return Auth(settings_of(url, folder, issuer=BASE + prefix, admin_email=ADA,
                            admin_password=PASSWORD))  # fmt: skip


@asynccontextmanager
async def visiting(app: object, auth: Auth) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs; Ada is an administrator and Grace is not."""
    async with auth.lifespan():  # which makes Ada
        await auth.services.passwords.register(GRACE, PASSWORD, by=OPERATOR)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            yield client


async def sign_in(client: httpx.AsyncClient, prefix: str, email: str) -> dict[str, str]:
    """Sign in with cookies; the header that proves a change."""
    given = {"email": email, "password": PASSWORD}
    answer = await client.post(f"{prefix}/v1/auth/login", json=given)
    assert answer.status_code == 200, answer.text
    return {"x-csrf-token": client.cookies["gatewatch_csrf"]}


async def admits_whom_it_should(client: httpx.AsyncClient, prefix: str) -> None:
    """The story every framework tells alike: /me, POST /me, /admins, and a form at /form."""
    nobody = await client.get("/me")
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == 'Bearer realm="gatewatch"'
    assert "Sign in to do that." in nobody.text

    proof = await sign_in(client, prefix, GRACE)
    assert GRACE in (await client.get("/me")).text
    assert (await client.post("/me")).status_code == 403
    assert (await client.post("/me", headers={"x-csrf-token": "forged"})).status_code == 403
    assert (await client.post("/me", headers=proof)).is_success
    assert (await client.get("/admins")).status_code == 403

    token = (await client.get("/form")).text.strip('"')
    assert (await client.post("/form", data={"csrf_token": token})).is_success
    assert (await client.post("/form", data={"csrf_token": "forged"})).status_code == 403
    assert (await client.post("/form", data={})).status_code == 403

    await sign_in(client, prefix, ADA)
    assert ADA in (await client.get("/admins")).text
    page = await client.get(f"{prefix}/login", headers={"accept": "text/html"})
    assert page.status_code == 303
    assert page.headers["location"] == f"{prefix}/"
    assert (await client.get(f"{prefix}/nothing-here")).status_code == 404
