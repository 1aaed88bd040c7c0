"""A journal on each engine."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatewatch.audit.journal import Emitter, Journal
from gatewatch.backends.database import Database, migrate
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.secrets import SystemEntropy
from gatewatch.kernel.time import FixedClock
from gatewatch.settings import AuditSettings


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


@dataclass
class Desk:
    """Makes journals over one database and one folder."""

    database: Database
    data_dir: Path
    clock: FixedClock

    def journal(self, meter: Meter, *, slot: int = 0, slots: int = 1, **settings) -> Journal:
        return Journal(
            self.database,
            meter,
            self.clock,
            SystemEntropy(),
            AuditSettings(**settings),
            emitter=Emitter(f"test-{slot}", slot, slots),
            data_dir=self.data_dir,
        )


@pytest.fixture
def desk(database, tmp_path, clock) -> Desk:
    return Desk(database, tmp_path, clock)


@pytest.fixture
async def journal(desk, meter) -> AsyncIterator[Journal]:
    journal = desk.journal(meter)
    await journal.open()
    yield journal
    await journal.close()
