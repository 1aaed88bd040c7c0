"""The audit log's table: paged, searched, and never in the way of an insert."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.audit.desk import signed_in, spool

from gatewatch.audit import store
from gatewatch.audit.search import Search
from gatewatch.backends.database import Change, Database, migrate
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Severity
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.actor import NOWHERE, Actor, Origin


@pytest.fixture
async def written(desk, database, clock):
    """Ten refusals a minute apart, then one success."""
    journal = desk.journal(Meter(METRICS))
    for n in range(10):
        spool(journal, f"person-{n}@example.com", origin=Origin(f"192.0.2.{n % 2}"))
        clock.advance(minutes=1)
    change = Change()
    ada = Actor.account("acc_ada", "Ada 100% _Lovelace_ ÉCOLE")
    await journal.record(change, signed_in(), actor=ada, origin=NOWHERE)
    await database.commit(change)
    await journal.close()
    return journal


async def found(database, **search) -> list[str | None]:
    rows = await store.page(database, Search(**search), count=100)
    return [row.resource_name for row in rows]


async def test_pages_go_both_ways_without_gap_or_repetition(written, database):
    everything = await store.page(database, Search(), count=100)
    older, newer, cursor = [], [], None
    while page := await store.page(database, Search(), count=3, before=cursor):
        older += page
        cursor = page[-1].id
    cursor = everything[-1].id
    while page := await store.page(database, Search(), count=3, after=cursor):
        newer = page + newer
        cursor = page[0].id

    assert len(everything) == 11
    assert sorted(everything, key=lambda row: row.created_at, reverse=True) == everything
    assert older == everything
    assert newer == everything[:-1]


async def test_every_filter_narrows(written, database, clock):
    start = clock.now() - timedelta(minutes=10)

    assert await found(database, event_type="AUTHENTICATION_SUCCESS") == ["ada@example.com"]
    assert len(await found(database, action="auth.login.failed")) == 10
    assert await found(database, severity=Severity.INFO) == ["ada@example.com"]
    assert len(await found(database, severity=Severity.WARNING)) == 10
    assert await found(database, success=True) == ["ada@example.com"]
    assert len(await found(database, success=False)) == 10
    assert await found(database, actor="acc_ada") == ["ada@example.com"]
    assert len(await found(database, actor_ip="192.0.2.1")) == 5
    assert await found(database, resource_type="USER", resource_id="acc_ada") == ["ada@example.com"]
    assert await found(database, client_id="cli_none") == []
    assert await found(database, request_id="req_none") == []
    assert await found(database, start_time=start, end_time=start + timedelta(minutes=1)) == [
        "person-1@example.com",
        "person-0@example.com",
    ]
    assert await found(database, success=False, actor_ip="192.0.2.0", search="PERSON-4") == [
        "person-4@example.com"
    ]


async def test_a_search_takes_wildcards_for_what_they_look_like(written, database):
    assert len(await found(database, search="lovelace")) == 1
    assert len(await found(database, search="100% _love")) == 1
    assert await found(database, search="1%%") == []
    assert await found(database, search="person_") == []
    assert await found(database, search="\\") == []
    assert len(await found(database, search="AUTH.LOGIN.")) == 10


async def test_an_event_is_found_by_its_id(written, database):
    (row,) = await store.page(database, Search(), count=1)

    assert await store.by_id(database, row.id) == row
    assert await store.by_id(database, "evt_none") is None


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(severity=Severity.CRITICAL), "severity_id"),
        (Search(event_type="LOGOUT"), "event_type_id"),
        (Search(actor="acc_ada"), "actor_id_id"),
    ],
)
async def test_the_common_filters_have_an_index(tmp_path, search, index):
    # SQLite plans by rule; Postgres would need statistics about a table that is not empty.
    url = f"sqlite:///{tmp_path}/gatewatch.db"
    await asyncio.to_thread(migrate.up, url)
    database = Database.build(url)
    await database.open()
    params = {**dict(store._params(search)), "count": 1}
    compiled = store._page(frozenset(params), store._remarkable(search)).sqlite

    plan = await database.scan(_Explained(compiled), **params)

    await database.close()
    assert any(f"ix_audit_logs_{index}" in str(step) for step in plan)


class _Explained:
    """A statement that tells its plan instead of running."""

    def __init__(self, compiled) -> None:
        self.sqlite = replace(compiled, sql=f"EXPLAIN QUERY PLAN {compiled.sql}", read=tuple)


def test_the_trail_outlives_its_subjects():
    assert not store.audit_logs.foreign_keys
