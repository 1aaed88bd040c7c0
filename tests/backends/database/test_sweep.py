"""Sweeping: what has served goes a few rows at a time, and nobody waits for it."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import bindparam
from tests.backends.database.ledger import (
    ADD_ENTRY,
    ADD_TICKET,
    ENTRIES,
    NOW,
    RENAME,
    count,
    entering,
    entries,
    ticket,
    tickets,
)

from gatewatch.backends.database import Database, Moment, Sweep
from gatewatch.backends.database import sweep as sweep_module
from gatewatch.backends.database.sweep import FEW

OLD = Sweep(entries.c.id, entries.c.at <= bindparam("before", type_=Moment))
SPENT = Sweep(tickets.c.id, tickets.c.state == "spent")
END = "~"


@pytest.fixture(autouse=True)
def _in_one_breath(monkeypatch):
    monkeypatch.setattr(sweep_module, "BREATH", 0.0)


async def write(database: Database, rows: int) -> None:
    """Write as many entries, every third of them old."""
    async with database.work() as work:
        for number in range(rows):
            at = NOW if number % 3 == 0 else NOW.replace(year=2027)
            await work.add(ADD_ENTRY, {"id": f"{number:06}", "at": at})


async def test_what_the_condition_is_true_of_goes(database):
    await write(database, 9 * FEW)
    assert await OLD.let_go(database, upto=END, before=NOW) == 3 * FEW
    left = [int(key) for (key,) in await database.look.all(ENTRIES)]
    assert left == [number for number in range(9 * FEW) if number % 3]


async def test_what_is_too_young_is_not_looked_at(database):
    await write(database, 30)
    assert await OLD.let_go(database, upto="000015", before=NOW) == 5
    assert await count(database) == 25


async def test_others_write_between_two_steps(database, monkeypatch):
    monkeypatch.setattr(sweep_module, "FEW", 10)
    await write(database, 6 * FEW)
    sweeping = asyncio.create_task(OLD.let_go(database, upto=END, before=NOW))
    written = 0
    while not sweeping.done():
        await database.commit(entering(f"new {written:06}"))
        written += 1
    assert await sweeping == 2 * FEW
    assert written > 1  # so the first was done before the sweep was
    assert await count(database) == 4 * FEW + written


async def test_a_key_that_is_no_id_is_no_sql(database):
    await database.commit(entering("'); DROP TABLE entries; --", at=NOW))
    assert await OLD.let_go(database, upto=END, before=NOW) == 1


async def test_a_row_in_somebodys_hands_is_left_for_the_next_time(on_postgres):
    async with on_postgres.work() as work:
        for name in ("held", "other"):
            await work.add(ADD_TICKET, {**ticket(name), "state": "spent"})

    async with on_postgres.work() as work:
        await work.run(RENAME, which="held", to="spent")
        sweeping = asyncio.create_task(SPENT.let_go(on_postgres, upto=END))
        async with asyncio.timeout(5):
            assert await sweeping == 1
    assert await SPENT.let_go(on_postgres, upto=END) == 1


async def test_the_order_of_ids_is_all_the_order_it_needs(on_sqlite):
    with sqlite3.connect(on_sqlite.path) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {OLD._find.sqlite.sql}", ("", END, "2026", FEW, 0)
        ).fetchall()
    connection.close()
    assert not any("TEMP B-TREE" in step[3] for step in plan)
