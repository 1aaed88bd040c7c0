"""A journal on each engine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tests.audit.desk import Desk
from tests.audit.sealing import Office

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database, migrate
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.time import FixedClock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request, tmp_path) -> str:
    """An empty, migrated database on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/gatewatch.db"
    else:
        url = request.getfixturevalue("postgres_url")
    migrate.up(url)
    return url


@pytest.fixture
async def database(database_url) -> AsyncIterator[Database]:
    database = Database.build(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 2, 8, 10, tzinfo=UTC))


@pytest.fixture
def meter() -> Meter:
    return Meter(METRICS)


@pytest.fixture
def desk(database, tmp_path, clock) -> Desk:
    return Desk(database, tmp_path, clock)


@pytest.fixture
async def journal(desk, meter) -> AsyncIterator[Journal]:
    journal = desk.journal(meter)
    await journal.open()
    yield journal
    await journal.close()


@pytest.fixture
def office(desk, database, clock, journal, meter) -> Office:
    return Office(desk, database, clock, journal, meter)
