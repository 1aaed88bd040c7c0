"""A server that a whole module of tests asks, on each engine: to start one takes a second."""

from collections.abc import Iterator

import pytest

from tests.kit.missing import CannotHaveError, go_without
from tests.kit.server import Server, serving


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with two workers, with the SETTINGS that the module asks for, if it does."""
    settings = {"workers": "2", **getattr(request.module, "SETTINGS", {})}
    data_dir = tmp_path_factory.mktemp("standing") / "data"
    if request.param == "sqlite":
        with serving(data_dir, **settings) as running:
            yield running
        return
    postgres = request.getfixturevalue("_postgres")
    if isinstance(postgres, CannotHaveError):
        go_without("PostgreSQL", str(postgres))
    with postgres.database() as url, serving(data_dir, database_url=url, **settings) as running:
        yield running
