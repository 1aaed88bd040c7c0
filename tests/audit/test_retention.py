"""Retention: what is beyond its time goes, the rest stays."""

from datetime import timedelta

import pytest
from tests.audit.desk import names, spool

from gatewatch.audit.pages import page
from gatewatch.audit.retention import Retention
from gatewatch.audit.search import Search, only
from gatewatch.backends.database import sweep as sweep_module


@pytest.fixture
async def written(journal, clock, monkeypatch):
    """Events of three days, five a day."""
    monkeypatch.setattr(sweep_module, "FEW", 2)
    monkeypatch.setattr(sweep_module, "BREATH", 0.001)
    for day in range(3):
        spool(journal, *(f"{day}-{n}" for n in range(5)))
        clock.advance(days=1)
    await journal.flush()


@pytest.fixture
def sweep(database, journal, clock):
    async def run(keep: timedelta) -> int:
        return await Retention(database, journal, keep).sweep(clock.now())

    return run


async def test_what_is_beyond_its_time_goes_in_small_steps(written, database, sweep):
    assert await sweep(timedelta(days=2)) == 5
    assert await names(database) == sorted(f"{day}-{n}" for day in (1, 2) for n in range(5))


async def test_zero_keeps_for_ever(written, database, sweep):
    assert await sweep(timedelta(0)) == 0
    assert len(await names(database)) == 15


async def test_what_was_removed_is_an_event(written, database, journal, sweep):
    await sweep(timedelta(days=2))
    await journal.flush()

    (purge,) = await page(database, Search(action=only("audit.purged")), count=10)
    assert (purge.event_type, purge.severity) == ("AUDIT_LOG_PURGED", "WARNING")
    assert purge.metadata["rows"] == 5


async def test_nothing_removed_is_no_event(written, database, journal, sweep):
    assert await sweep(timedelta(days=30)) == 0
    await journal.flush()
    assert await page(database, Search(action=only("audit.purged")), count=10) == []
