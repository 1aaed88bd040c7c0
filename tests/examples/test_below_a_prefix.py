"""Below a prefix nothing of gatewatch is anywhere else, and all of it works."""

import asyncio
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from tests.kit.host import ROOT, hosting
from tests.kit.ports import free_port
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, serving

LINK = re.compile(r"http://localhost:\d+/auth/device\?user_code=\S+")


@pytest.mark.parametrize("example", ["fastapi_app", "litestar_app"])
async def test_a_person_signs_a_terminal_in_to_an_application(
    example: str, browser: Browser, tmp_path: Path
) -> None:
    with hosting(ROOT / "examples" / example, tmp_path / "data", prefix="/auth") as server:
        await clients_find_it(server)
        assert "wrong" not in server.cli("doctor")
        terminal = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gatewatch", "login", f"{server.base}/auth", "--no-qr",
            "--save", str(tmp_path / "tokens.json"),
            env={**server.environment},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        page = await browser.new_page()
        loaded = watch(page)
        await page.goto(await link_printed_by(terminal))
        await page.get_by_label("Email or username").fill(ADMIN_EMAIL)
        await page.get_by_label("Password").fill(ADMIN_PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", name="is signed in")).to_be_visible()
        assert await asyncio.wait_for(terminal.wait(), 30) == 0

        await page.goto(f"{server.base}/notes")
        await expect(page.locator("body")).to_contain_text("[]")
        await page.goto(f"{server.base}/auth")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        left = await page.goto(f"{server.base}/notes")
        assert left is not None
        assert left.status == 401
    assert {path for path, _ in loaded if not path.startswith("/auth")} == {"/notes"}
    assert {path for path, status in loaded if status >= 400} == {"/notes"}
    assert any(path.startswith("/auth/static/") for path, _ in loaded)


def watch(page: Page) -> set[tuple[str, int]]:
    """Return what the page will have loaded: the path and the status of each answer."""
    loaded: set[tuple[str, int]] = set()
    page.on("response", lambda answer: loaded.add((urlsplit(answer.url).path, answer.status)))
    return loaded


async def link_printed_by(terminal: asyncio.subprocess.Process) -> str:
    """Read what the terminal prints until it waits."""
    assert terminal.stderr is not None
    printed = ""
    while "Waiting" not in printed:
        line = await asyncio.wait_for(terminal.stderr.readline(), 30)
        assert line, printed
        printed += line.decode()
    link = LINK.search(printed)
    assert link, printed
    return link[0]


async def clients_find_it(server: Server) -> None:
    """The metadata is where each of the two standards has it, and points below the prefix."""
    issuer = f"{server.base}/auth"
    async with server.client() as client:
        for path in (
            "/.well-known/oauth-authorization-server/auth",
            "/auth/.well-known/oauth-authorization-server",
            "/auth/.well-known/openid-configuration",
        ):
            found = (await client.get(path)).json()
            assert found["issuer"] == issuer
            urls = {value for name, value in found.items() if name.endswith(("_endpoint", "_uri"))}
            assert all(url.startswith(f"{issuer}/") for url in urls)
        assert (await client.get(found["jwks_uri"])).json()["keys"]
        assert (await client.get("/.well-known/oauth-authorization-server")).status_code == 404
        assert (await client.get("/login")).status_code == 404
        cookies = (await client.post(
            "/auth/v1/auth/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        )).headers.get_list("set-cookie")  # fmt: skip
    paths = {cookie.partition("=")[0]: cookie.split("Path=")[1].partition(";")[0]
             for cookie in cookies}  # fmt: skip
    # The host's own endpoints are to be signed in to; the refresh token is for one of ours alone.
    assert paths == {"gatewatch_at": "/", "gatewatch_csrf": "/", "gatewatch_rt": "/auth/v1/auth"}


def test_the_doctor_misses_the_metadata_at_the_root(tmp_path: Path) -> None:
    example = (ROOT / "examples" / "fastapi_app" / "main.py").read_text(encoding="utf-8")
    forgetful = example.replace("app.routes.extend(auth.well_known_routes())\n", "")
    (tmp_path / "main.py").write_text(forgetful, encoding="utf-8")
    with hosting(tmp_path, tmp_path / "data", prefix="/auth") as server:
        found = json.loads(server.cli("doctor", "--json", status=1))
    (wrong,) = [row for row in found if row["status"] == "wrong"]
    assert wrong["check"] == "issuer"
    assert "/.well-known/oauth-authorization-server/auth" in wrong["found"]
    assert "root of that host" in wrong["fix"]


def test_a_server_of_its_own_has_its_metadata_at_the_root_of_its_host(tmp_path: Path) -> None:
    port = free_port()
    issuer = f"http://localhost:{port}/auth"
    with serving(tmp_path / "data", port=port, issuer=issuer):
        found = httpx.get(f"http://localhost:{port}/.well-known/oauth-authorization-server/auth")
        assert found.json()["token_endpoint"] == f"{issuer}/oauth/token"
