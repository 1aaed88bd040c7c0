"""The audit log's table: paged, searched, and never in the way of an insert."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from tests.audit.desk import signed_in, spool

from gatewatch.audit import addresses, pages, store, word_store
from gatewatch.audit.indexer import Words
from gatewatch.audit.seal_store import audit_seals
from gatewatch.audit.search import Search, none_of, only
from gatewatch.backends.database import Change, Insert, migrate
from gatewatch.backends.telemetry.meter import Meter
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


async def sealed(database) -> None:
    """Let every event have its place, so that those who follow the log come to know it."""
    add = Insert(audit_seals)
    rows = await pages.page(database, Search(), count=100)
    async with database.work() as work:
        for place, row in enumerate(reversed(rows)):
            await work.add(add, {"position": place, "event_id": row.id, "digest": bytes(32)})


async def found(database, **search) -> list[str | None]:
    rows = await Words(database).page(Search(**search), count=100)
    return [row.resource_name for row in rows]


async def test_pages_go_both_ways_without_gap_or_repetition(written, database):
    everything = await pages.page(database, Search(), count=100)
    older, newer, cursor = [], [], None
    while page := await pages.page(database, Search(), count=3, before=cursor):
        older += page
        cursor = page[-1].id
    cursor = everything[-1].id
    while page := await pages.page(database, Search(), count=3, after=cursor):
        newer = page + newer
        cursor = page[0].id

    assert len(everything) == 11
    assert sorted(everything, key=lambda row: row.created_at, reverse=True) == everything
    assert older == everything
    assert newer == everything[:-1]


async def test_every_filter_narrows(written, database, clock):
    start = clock.now() - timedelta(minutes=10)
    ada = ["ada@example.com"]

    assert await found(database, event_type=only("AUTHENTICATION_SUCCESS")) == ada
    assert len(await found(database, action=only("auth.login.failed"))) == 10
    assert await found(database, severity=only("INFO")) == ada
    assert len(await found(database, severity=only("WARNING"))) == 10
    assert await found(database, success=only("success")) == ada
    assert len(await found(database, success=only("failure"))) == 10
    assert await found(database, actor=only("acc_ada")) == ada
    assert len(await found(database, actor_ip=only("192.0.2.1"))) == 5
    assert await found(database, resource_type=only("USER"), resource_id=only("acc_ada")) == ada
    assert await found(database, client_id=only("cli_none")) == []
    assert await found(database, request_id=only("req_none")) == []
    assert await found(database, start_time=start, end_time=start + timedelta(minutes=1)) == [
        "person-1@example.com",
        "person-0@example.com",
    ]
    assert await found(
        database, success=only("failure"), actor_ip=only("192.0.2.0"), search="4"
    ) == ["person-4@example.com"]


async def test_several_values_are_any_of_them_and_unwanted_ones_none(written, database):
    both = only("192.0.2.0", "192.0.2.1")
    assert len(await found(database, actor_ip=both)) == 10
    assert len(await found(database, severity=only("INFO", "WARNING"))) == 11
    assert await found(database, severity=none_of("WARNING")) == ["ada@example.com"]
    assert len(await found(database, actor_ip=none_of("192.0.2.0"))) == 6
    assert len(await found(database, actor=none_of("acc_ada"))) == 10
    assert await found(database, event_type=only("LOGOUT"), severity=only("CRITICAL")) == []


@pytest.mark.parametrize(
    ("network", "count"),
    [
        ("192.0.2.0/24", 10),
        ("192.0.2.0/31", 10),
        ("192.0.2.0/25", 10),
        ("192.0.0.0/9", 10),
        ("192.0.3.0/24", 0),
        ("128.0.0.0/1", 10),
        ("0.0.0.0/0", 10),
        ("2001:db8::/32", 0),
    ],
)
async def test_a_network_is_all_its_addresses(written, database, monkeypatch, network, count):
    assert len(await found(database, actor_ip=only(network))) == count
    assert len(await found(database, actor_ip=none_of(network))) == 11 - count
    monkeypatch.setattr(addresses, "MOST_ADDRESSES", 1)
    if count:
        assert len(await found(database, actor_ip=only(network))) == count


async def test_networks_of_ipv6_are_found_however_their_zeros_are_written(desk, database):
    journal = desk.journal(Meter(METRICS))
    inside = ["2001:db8::1", "2001:db8:0:1::", "2001:db8:0:ffff:1:2:3:4"]
    for place, address in enumerate([*inside, "2001:db8:1::1", "2001:db9::1", "::1"]):
        spool(journal, f"person-{place}", origin=Origin(address))
    await journal.close()
    assert len(await found(database, actor_ip=only("2001:db8::/48"))) == len(inside)
    assert len(await found(database, actor_ip=none_of("2001:db8::/48"))) == 3
    assert len(await found(database, actor_ip=only("::/0"))) == 6


async def test_pages_of_any_filter_lie_side_by_side(written, database):
    for search in (
        Search(severity=only("INFO", "WARNING")),
        Search(actor_ip=only("192.0.2.0", "192.0.2.1")),
        Search(actor_ip=only("192.0.2.0/24"), success=only("failure")),
        Search(success=none_of("success"), actor=none_of("acc_none")),
    ):
        everything = await pages.page(database, search, count=100)
        gone, cursor = [], None
        while page := await pages.page(database, search, count=3, before=cursor):
            gone += page
            cursor = page[-1].id
        assert gone == everything
        after = await pages.page(database, search, count=3, after=everything[4].id)
        assert after == everything[1:4]


@pytest.mark.parametrize("indexed", [True, False])
async def test_words_are_found_in_any_case_and_without_their_accents(written, database, indexed):
    if indexed:
        await sealed(database)
        assert await Words(database).run_once() == 11
    assert len(await found(database, search="lovelace")) == 1
    assert len(await found(database, search="100% _love")) == 1
    assert len(await found(database, search="ecole")) == 1
    assert len(await found(database, search="AUTH.LOGIN.F")) == 10
    assert len(await found(database, search="person 4")) == 1
    assert await found(database, search="lov ada") == []
    assert await found(database, search="\\") == []
    assert len(await found(database, search="login", success=only("failure"))) == 10


async def test_common_words_are_met_by_reading_the_log(written, database, monkeypatch):
    await sealed(database)
    await Words(database).run_once()
    monkeypatch.setattr(word_store, "RARE", 11)
    everything = await found(database, search="example")
    assert len(everything) == 11
    newest = await Words(database).page(Search(search="example"), count=3)
    older = await Words(database).page(Search(search="example"), count=3, before=newest[-1].id)
    newer = await Words(database).page(Search(search="example"), count=3, after=older[-1].id)
    assert [row.resource_name for row in (*newest, *older)] == everything[:6]
    assert [row.resource_name for row in newer] == everything[2:5]


async def test_an_event_is_found_by_its_id(written, database):
    (row,) = await pages.page(database, Search(), count=1)

    assert await store.by_id(database, row.id) == row
    assert await store.by_id(database, "evt_none") is None


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(severity=only("CRITICAL")), "kind_id"),
        (Search(actor=only("acc_ada")), "actor_id_id"),
        (Search(actor=only("acc_ada"), client_id=none_of("cli_1")), "actor_id_id"),
        (Search(actor_ip=only("192.0.2.1")), "ip_address_id"),
        (Search(request_id=only("req_1")), "request_id_id"),
    ],
)
async def test_every_filter_has_an_index(tmp_path, search, index):
    # SQLite plans by rule; Postgres would need statistics about a table that is not empty.
    url = f"sqlite:///{tmp_path}/gatewatch.db"
    await asyncio.to_thread(migrate.up, url)
    names = {name for name, choice in search.choices() if choice.wanted}
    lead = "kind" if names == {"severity"} else names.pop()
    unwanted = frozenset(name for name, choice in search.choices() if choice.unwanted)
    sql = pages._page(lead, False, frozenset(), unwanted, frozenset(), False).sqlite.sql
    with closing(sqlite3.connect(f"{tmp_path}/gatewatch.db")) as connection:
        marks = (None,) * sql.count("?")
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", marks).fetchall()
    assert any(f"ix_audit_logs_{index}" in str(step) for step in plan), plan


def test_the_trail_outlives_its_subjects():
    assert not store.audit_logs.foreign_keys
