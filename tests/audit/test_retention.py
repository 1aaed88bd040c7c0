"""Retention: what is beyond its time goes, the rest stays."""

import gzip
import json
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from tests.audit.desk import ADA, names, signed_in, spool

from gatewatch.admin.filters import read_query
from gatewatch.audit import retention, word_store
from gatewatch.audit.formats import Observer
from gatewatch.audit.holds import Holds, keeps
from gatewatch.audit.pages import page
from gatewatch.audit.retention import Retention
from gatewatch.audit.search import Search, none_of, only
from gatewatch.audit.span import Span
from gatewatch.audit.words import Wanted
from gatewatch.backends.database import Change
from gatewatch.catalogue.metrics import AUDIT_HELD, AUDIT_OLDEST
from gatewatch.catalogue.retention import RetentionClass
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import SystemEntropy
from gatewatch.kernel.time import epoch_seconds
from gatewatch.settings import AuditSettings


@pytest.fixture
async def written(journal, clock, monkeypatch):
    """Events of three days, five a day."""
    monkeypatch.setattr(retention, "FEW", 2)
    monkeypatch.setattr(retention, "BREATH", 0.001)
    for day in range(3):
        spool(journal, *(f"{day}-{n}" for n in range(5)))
        clock.advance(days=1)
    await journal.flush()


@pytest.fixture
def sweep(database, journal, meter, clock):
    async def run(keep: timedelta, **settings) -> int:
        swept = Retention(
            database,
            journal,
            meter,
            AuditSettings(retention=keep, **settings),
            Observer.here("https://auth.example.com"),
            lambda query: read_query(parse_qsl(query), clock.now()).search,
        )
        return await swept.sweep(clock.now())

    return run


@pytest.fixture
def holds(database, journal, clock) -> Holds:
    return Holds(database, journal, clock, SystemEntropy())


async def test_what_is_beyond_its_time_goes_in_small_steps(written, database, sweep):
    assert await sweep(timedelta(days=2)) == 5
    assert await names(database) == sorted(f"{day}-{n}" for day in (1, 2) for n in range(5))


async def test_zero_keeps_for_ever(written, database, sweep):
    assert await sweep(timedelta(0)) == 0
    assert len(await names(database)) == 15


async def test_nothing_goes_before_the_floor(written, database, sweep):
    assert await sweep(timedelta(hours=1), retention_floor=timedelta(days=2)) == 5
    assert len(await names(database)) == 10


async def test_each_class_is_kept_for_its_own_time(written, database, journal, clock, sweep):
    change = Change()
    await journal.record(change, signed_in(), actor=ADA, origin=NOWHERE)
    await database.commit(change)
    clock.advance(days=1)
    by_class = ((RetentionClass.ACCESS, timedelta(hours=1)),)
    assert await sweep(timedelta(days=30), retention_by_class=by_class) == 1
    assert await page(database, Search(action=only("auth.login")), count=10) == []
    by_class = ((RetentionClass.SECURITY, timedelta(0)),)
    assert await sweep(timedelta(hours=1), retention_by_class=by_class) == 0


async def test_what_was_removed_is_an_event(written, database, journal, sweep):
    await sweep(timedelta(days=2))
    await journal.flush()

    (purge,) = await page(database, Search(action=only("audit.purged")), count=10)
    assert (purge.event_type, purge.severity) == ("AUDIT_LOG_PURGED", "WARNING")
    assert purge.metadata["rows"] == 5
    assert purge.metadata["retention_class"] == "security"


async def test_nothing_removed_is_no_event(written, database, journal, sweep):
    assert await sweep(timedelta(days=30)) == 0
    await journal.flush()
    assert await page(database, Search(action=only("audit.purged")), count=10) == []


async def test_what_goes_is_in_the_archive_first(written, database, journal, sweep, tmp_path):
    await sweep(timedelta(days=1), archive_dir=tmp_path / "cold")
    (path,) = (tmp_path / "cold").iterdir()
    written = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert sorted(each["resource_name"] for each in written) == [
        f"{day}-{n}" for day in (0, 1) for n in range(5)
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    await journal.flush()
    (purge,) = await page(database, Search(action=only("audit.purged")), count=10)
    assert purge.metadata["archive"] == path.name


async def test_a_hold_keeps_what_its_filters_find(written, database, sweep, holds, meter):
    hold = await holds.place("Case 7", "search=0-3&success=false", by=ADA, origin=NOWHERE)
    assert await sweep(timedelta(days=2)) == 4
    assert "0-3" in await names(database)
    assert meter.value(AUDIT_HELD) == 1
    await holds.release(hold.id, by=ADA, origin=NOWHERE)
    assert await sweep(timedelta(days=2)) == 1
    (released,) = await page(database, Search(action=only("audit.hold_released")), count=10)
    assert (released.severity, released.resource_name) == ("CRITICAL", "Case 7")
    with pytest.raises(Refusal, match="no such hold"):
        await holds.release(hold.id, by=ADA, origin=NOWHERE)


async def test_the_oldest_event_is_a_metric(written, database, sweep, meter):
    await sweep(timedelta(days=2))
    (oldest,) = (await page(database, Search(), count=20))[-1:]
    assert meter.value(AUDIT_OLDEST) == epoch_seconds(oldest.created_at)


async def test_words_go_with_their_events(written, database, sweep):
    rows = await page(database, Search(), count=20)
    async with database.work() as work:
        await word_store.add(work, database.engine, [(row.id, "found") for row in rows])
    await sweep(timedelta(days=2))
    left = await word_store.matching(database, Wanted(("found",)), Span(), newest=True)
    assert len(left) == 10


@pytest.mark.parametrize(
    ("search", "kept"),
    [
        (Search(), True),
        (Search(actor=only("acc_ada")), False),
        (Search(actor=none_of("acc_ada")), True),
        (Search(success=only("failure")), True),
        (Search(actor_ip=only("192.0.2.0/24")), False),
        (Search(search="0-1"), True),
        (Search(search="nobody"), False),
    ],
)
async def test_what_a_search_finds_is_what_a_hold_keeps(journal, database, search, kept):
    spool(journal, "0-1")
    await journal.flush()
    (row,) = await page(database, Search(), count=1)
    assert keeps(search, row) is kept
