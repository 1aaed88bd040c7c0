"""The kit's fixtures, and the closing lines that say what a run was made with."""

import importlib.metadata
import os
import platform
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.async_api import Browser

from tests.kit import chromium
from tests.kit.missing import CannotHaveError, go_without, missing, used
from tests.kit.postgres import PostgresServer
from tests.kit.valkey import ValkeyServer

# A slow machine is no bug; and what a pull request is judged on is the same every time.
hypothesis.settings.register_profile(
    "gatewatch", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
hypothesis.settings.load_profile("gatewatch")


@pytest.fixture(scope="session")
def _postgres() -> Iterator[PostgresServer | CannotHaveError]:
    try:
        with PostgresServer.running() as server:
            used["PostgreSQL"] = str(server)
            yield server
    except CannotHaveError as reason:
        yield reason


@pytest.fixture
def postgres_server(_postgres: PostgresServer | CannotHaveError) -> PostgresServer:
    """A running PostgreSQL, one for the whole run."""
    if isinstance(_postgres, CannotHaveError):
        go_without("PostgreSQL", str(_postgres))
    return _postgres


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database that is this test's alone."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def _valkey() -> Iterator[ValkeyServer | CannotHaveError]:
    try:
        with ValkeyServer.running() as server:
            used["Valkey"] = str(server)
            yield server
    except CannotHaveError as reason:
        yield reason


@pytest.fixture
def valkey_server(_valkey: ValkeyServer | CannotHaveError) -> ValkeyServer:
    """A running Valkey or Redis, one for the whole run, emptied before each test."""
    if isinstance(_valkey, CannotHaveError):
        go_without("Valkey or Redis", str(_valkey))
    _valkey.clear()
    return _valkey


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> str:
    """The URL of a Valkey or Redis without a key in it."""
    return valkey_server.url


@pytest.fixture(scope="session")
def _chromium() -> Path | CannotHaveError:
    try:
        path = chromium.find()
        used["Browser"] = f"{chromium.version(path)} ({path})"
    except CannotHaveError as reason:
        return reason
    return path


@pytest.fixture
def chromium_path(_chromium: Path | CannotHaveError) -> Path:
    """The browser's program."""
    if isinstance(_chromium, CannotHaveError):
        go_without("Chromium", str(_chromium))
    return _chromium


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A browser of this test's own: `page = await browser.new_page()`."""
    async with chromium.running(chromium_path) as started:
        yield started


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In one of several processes: hand over what it was made with, and without."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["used"], output["missing"] = used, missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process hands over at its end; one that crashed hands over nothing."""
    output = getattr(node, "workeroutput", {})
    used.update(output.get("used", {}))
    missing.update(output.get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the run was made with, and what it had to go without."""
    version = importlib.metadata.version
    facts = {
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "SQLite": sqlite3.sqlite_version,
        "Libraries": ", ".join(
            f"{name} {version(name)}" for name in ("cryptography", "joserfc", "sqlalchemy")
        ),
        **used,
    }
    terminalreporter.section("made with")
    for name, value in facts.items():
        terminalreporter.line(f"{name:<10} {value}")
    for name, why in missing.items():
        terminalreporter.line(f"WITHOUT    {name}: {why}", red=True, bold=True)
