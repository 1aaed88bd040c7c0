"""The same database on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends.database import ledger

from gatewatch.backends.database import Database


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of each engine in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open database with the ledger's tables."""
    ledger.make(url)
    opened = Database.build(url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def on_sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    """The same, on SQLite."""
    ledger.make(sqlite_url)
    opened = Database.build(sqlite_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def on_postgres(postgres_url: str) -> AsyncIterator[Database]:
    """The same, on PostgreSQL."""
    ledger.make(postgres_url)
    opened = Database.build(postgres_url)
    await opened.open()
    yield opened
    await opened.close()
