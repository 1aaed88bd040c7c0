"""Journeys run against real servers, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit.server import Server, serving


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server with two workers, on SQLite and on PostgreSQL."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with serving(tmp_path / "data", database_url=url, workers="2") as running:
        yield running
