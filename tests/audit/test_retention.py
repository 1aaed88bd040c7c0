"""Retention: what is beyond its time goes, the rest stays."""

import asyncio
from datetime import timedelta

import pytest
from tests.audit.desk import are_rows, names, spool, until

from gatewatch.audit import retention as retention_module
from gatewatch.audit.retention import Retention
from gatewatch.audit.search import Search
from gatewatch.audit.store import page
from gatewatch.settings import AuditSettings


async def always() -> bool:
    return True


@pytest.fixture
async def written(journal, clock, monkeypatch):
    """Events of three days, five a day."""
    monkeypatch.setattr(retention_module, "FEW", 2)
    monkeypatch.setattr(retention_module, "BREATH", 0.001)
    for day in range(3):
        spool(journal, *(f"{day}-{n}" for n in range(5)))
        clock.advance(days=1)
    await journal.flush()


@pytest.fixture
def keeping(database, journal, clock):
    def make(*, lease=always, **settings) -> Retention:
        return Retention(database, journal, clock, AuditSettings(**settings), lease)

    return make


async def test_what_is_beyond_its_time_goes_in_small_steps(written, database, clock, keeping):
    removed = await keeping(retention=timedelta(days=2)).sweep()

    assert removed == 5
    assert await names(database) == sorted(f"{day}-{n}" for day in (1, 2) for n in range(5))


async def test_zero_keeps_for_ever(written, database, clock, keeping):
    retention = keeping(retention=timedelta(0))
    await retention.open()

    assert await retention.sweep() == 0
    assert len(await names(database)) == 15
    await retention.close()


async def test_it_is_looked_after_at_each_interval(written, database, clock, keeping):
    retention = keeping(
        retention=timedelta(days=2),
        cleanup_interval=timedelta(milliseconds=20),
    )
    await retention.open()
    await until(lambda: are_rows(database, sorted(f"{d}-{n}" for d in (1, 2) for n in range(5))))
    clock.advance(days=5)
    await until(lambda: are_rows(database, []))
    await retention.close()


async def test_what_was_removed_is_an_event(written, database, journal, keeping):
    await keeping(retention=timedelta(days=2)).sweep()
    await journal.flush()

    (purge,) = await page(database, Search(action="audit.purged"), count=10)
    assert (purge.event_type, purge.severity) == ("AUDIT_LOG_PURGED", "WARNING")
    assert purge.metadata["rows"] == 5


async def test_who_is_not_given_the_turn_leaves_it(written, database, clock, keeping):
    asked = asyncio.Event()

    async def never() -> bool:
        asked.set()
        return False

    retention = keeping(lease=never, retention=timedelta(hours=1))
    await retention.open()
    await asyncio.wait_for(asked.wait(), 5)
    await retention.close()

    assert len(await names(database)) == 15


async def test_trouble_is_logged_and_tried_again(written, database, clock, keeping, caplog):
    turns = iter([RuntimeError("no lease today")])

    async def troubled() -> bool:
        if error := next(turns, None):
            raise error
        return True

    retention = keeping(
        lease=troubled,
        retention=timedelta(hours=1),
        cleanup_interval=timedelta(milliseconds=10),
    )
    await retention.open()
    await until(lambda: are_rows(database, []))
    await retention.close()

    assert "no lease today" in caplog.text
