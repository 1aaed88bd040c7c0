"""The main job, from the terminal to the audit log."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.async_api import Browser, Page, expect
from prometheus_client.parser import text_string_to_metric_families
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, eventually

LINK = re.compile(r"http://localhost:\d+/device\?user_code=\S+")
CODE = re.compile(r"^ {4}([A-Z]{4}-[A-Z]{4})$", re.MULTILINE)


async def test_a_person_signs_a_terminal_in_and_every_step_is_seen(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    saved = tmp_path / "tokens.json"
    terminal = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gatewatch", "login", server.base, "--save", str(saved),
        env={**server.environment},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    link, code, printed = await what_it_says(terminal)
    assert "█" in printed, "there is no QR code"

    page = await browser.new_page()
    await page.goto(link)
    await sign_in(page)
    await expect(page.get_by_role("heading", name="gatewatch command line")).to_be_visible()
    await expect(page.locator("body")).to_contain_text(code)
    await expect(page.locator("body")).to_contain_text("127.0.0.1")
    await expect(page.locator("body")).to_contain_text("offline_access")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="is signed in")).to_be_visible()

    assert await asyncio.wait_for(terminal.wait(), 30) == 0
    tokens = json.loads(saved.read_text())
    assert saved.stat().st_mode & 0o077 == 0
    async with server.client() as client:
        await the_token_is_good(client, server, tokens)
        await the_log_tells_the_story(client, page, server)
        await the_metrics_counted_it(client)
        health = (await client.get("/health")).json()
    assert (health["status"], health["database"]) == ("healthy", "connected")
    assert tokens["access_token"] not in server.printed()
    assert ADMIN_PASSWORD not in server.printed()


async def what_it_says(terminal: asyncio.subprocess.Process) -> tuple[str, str, str]:
    """Read what the terminal prints until it waits."""
    assert terminal.stderr is not None
    printed = ""
    while "Waiting" not in printed:
        line = await asyncio.wait_for(terminal.stderr.readline(), 30)
        assert line, printed
        printed += line.decode()
    link, code = LINK.search(printed), CODE.search(printed)
    assert link, printed
    assert code, printed
    return link[0], code[1], printed


async def sign_in(page: Page) -> None:
    await page.get_by_label("Email or username").fill(ADMIN_EMAIL)
    await page.get_by_label("Password").fill(ADMIN_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def the_token_is_good(
    client: httpx.AsyncClient, server: Server, tokens: dict[str, Any]
) -> None:
    """A library that knows nothing of us verifies the access token (RFC 9068 section 4)."""
    keys = KeySet.import_key_set((await client.get("/.well-known/jwks.json")).json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["iss"] == server.base
    assert token.claims["client_id"] == "gatewatch-cli"
    assert set(tokens["scope"].split()) == {"openid", "profile", "email", "offline_access"}
    assert tokens["refresh_token"]


async def the_log_tells_the_story(client: httpx.AsyncClient, page: Page, server: Server) -> None:
    story = {
        "oauth.device.code_generated",
        "auth.login",
        "oauth.device.code_authorized",
        "oauth.token.access_issued",
        "oauth.token.refresh_issued",
    }
    await page.goto(f"{server.base}/admin/audit")
    for action in story:
        await expect(page.locator(".event-what", has_text=action).first).to_be_visible()

    cookies = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}

    async def every_step_is_there() -> bool:
        answer = await client.get(
            "/admin/audit/api?page_size=100", headers={"Cookie": f"session={cookies['session']}"}
        )
        return story <= {row["action"] for row in answer.json()["logs"]}

    await eventually(every_step_is_there)


async def the_metrics_counted_it(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    counted = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert counted["gatewatch_logins_total", "admitted", "password"] == 1
    assert counted["gatewatch_device_codes_total",] == 1
    assert counted["gatewatch_device_decisions_total", "authorized"] == 1
    assert counted["gatewatch_device_polls_total", "granted"] == 1
    assert counted["gatewatch_tokens_issued_total", "access", "device_code"] == 1
    assert counted["gatewatch_tokens_issued_total", "device_code", "refresh"] == 1
