"""What one operation of the database layer costs, beside the bare driver.

    python bench/micro_database.py [postgresql://...]

Microseconds of this process's CPU per operation, 64 callers at a time. The wall clock depends on
the disk and on who shares the machine; CPU does not.
"""

import asyncio
import hashlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import sqlalchemy as sa
import uvloop
from sqlalchemy import bindparam, select

from gatewatch.backends.database import (
    Change,
    Database,
    Digest,
    Document,
    Engine,
    Guard,
    Insert,
    Lookup,
    Moment,
    migrate,
)
from gatewatch.backends.database.migrate import with_connection

CALLERS = 64
ROWS = 20_000
TABLES = sa.MetaData()
NOW = datetime(2026, 2, 8, 10, 0, tzinfo=UTC)

tokens = sa.Table(
    "bench_tokens",
    TABLES,
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("client_id", sa.Text, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("spent_at", Moment),
)
events = sa.Table(
    "bench_events",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("details", Document, nullable=False),
)
BY_DIGEST = Lookup(select(tokens), key=tokens.c.digest)
ADD_TOKEN = Insert(tokens)
ADD_EVENT = Insert(events)
SPEND = Guard(
    tokens,
    key=tokens.c.digest,
    where=tokens.c.state == "live",
    values={"state": "spent", "spent_at": bindparam("now")},
)


def digest(number):
    return hashlib.sha256(str(number).encode()).digest()


def token(number):
    return {
        "digest": digest(number),
        "id": f"tok_{number:032}",
        "client_id": f"cli_{number % 50:032}",
        "state": "live",
        "issued_at": NOW,
    }


def event(number):
    return {
        "id": f"evt_{number:032}",
        "at": NOW,
        "kind": "token.issued",
        "details": {"token": number, "scope": "openid profile"},
    }


class Bench:
    """The operations, on one database."""

    def __init__(self, database):
        self.database = database
        self.fresh = iter(range(ROWS, 1 << 40))
        self.live = iter(range(ROWS))

    async def fill(self):
        async with self.database.work() as work:
            for number in range(ROWS):
                await work.add(ADD_TOKEN, token(number))

    async def find(self, number):
        row = await self.database.look.find(BY_DIGEST, digest(number % ROWS))
        assert row

    async def nothing(self, number):
        digest(number % ROWS)

    async def one_insert(self, _):
        change = Change()
        change.add(ADD_EVENT, event(next(self.fresh)))
        await self.database.commit(change)

    async def two_inserts(self, _):
        number = next(self.fresh)
        change = Change()
        change.add(ADD_TOKEN, token(number))
        change.add(ADD_EVENT, event(number))
        await self.database.commit(change)

    async def guarded(self, _):
        number = next(self.fresh)
        change = Change(guard=(SPEND, {"key": digest(next(self.live)), "now": NOW}))
        change.add(ADD_TOKEN, token(number))
        change.add(ADD_EVENT, event(number))
        assert await self.database.commit(change)

    async def work(self, _):
        number = next(self.fresh)
        async with self.database.work() as work:
            await work.find(BY_DIGEST, digest(number % ROWS))
            await work.add(ADD_TOKEN, token(number))
            await work.add(ADD_EVENT, event(number))


async def measure(
    name: str, operation: Callable[[int], Awaitable[None]], count: int, each: int = 1
) -> None:
    async def caller(first: int) -> None:
        for number in range(first, count, CALLERS):
            await operation(number)
            await asyncio.sleep(0)

    await operation(0)
    used, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*[caller(first) for first in range(CALLERS)])
    used, took = time.process_time() - used, time.perf_counter() - started
    print(f"  {name:34} {used / count / each * 1e6:7.1f} us  {count * each / took:9,.0f}/s")


async def bare_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=100)

    async def find(number):
        sql = "SELECT * FROM bench_tokens WHERE digest = ?"
        assert connection.execute(sql, (digest(number % ROWS),)).fetchone()

    await measure("sqlite3: find", find, 20_000)
    connection.execute("PRAGMA synchronous = FULL")
    add_token = "INSERT INTO bench_tokens VALUES (?, ?, ?, 'live', '2026-02-08', NULL)"
    add_event = "INSERT INTO bench_events VALUES (?, '2026-02-08', 'token.issued', '{}')"
    spend = "UPDATE bench_tokens SET state = 'gone', spent_at = 'now' WHERE digest = ?"

    async def group(number):
        connection.execute("BEGIN IMMEDIATE")
        for one in range(number * CALLERS, (number + 1) * CALLERS):
            connection.execute(spend, (digest(one % ROWS),))
            connection.execute(add_token, (digest(f"b{one}"), f"b{one:032}", f"{one % 50:032}"))
            connection.execute(add_event, (f"b{one:032}",))
        connection.execute("COMMIT")

    fresh = iter(range(1 << 30))
    await measure(
        f"sqlite3: {CALLERS} x (update + 2 inserts)", lambda _: group(next(fresh)), 100, CALLERS
    )
    connection.close()


async def bare_asyncpg(url: str) -> None:
    pool = await asyncpg.create_pool(url, server_settings={"search_path": "gatewatch"})

    async def find(number):
        sql = "SELECT * FROM bench_tokens WHERE digest = $1"
        assert await pool.fetchrow(sql, digest(number % ROWS))

    fresh = iter(range(1 << 30))

    async def guarded(_):
        number = next(fresh)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "UPDATE bench_tokens SET state = 'spent', spent_at = $2 "
                "WHERE digest = $1 AND state = 'live'",
                digest(number),
                NOW,
            )
            await connection.execute(
                "INSERT INTO bench_tokens VALUES ($1, $2, 'c', 'live', $3)",
                digest(f"bare {number}"),
                f"bare {number}",
                NOW,
            )
            await connection.execute(
                "INSERT INTO bench_events VALUES ($1, $2, 'k', '{}')", f"bare {number}", NOW
            )

    await measure("asyncpg: find", find, 10_000)
    await measure("asyncpg: guard + 2 inserts", guarded, 2_000)
    await pool.close()


async def run(url: str) -> None:
    database = Database.build(url)
    await database.open()
    bench = Bench(database)
    await bench.fill()
    await measure("(the bench itself)", bench.nothing, 20_000)
    await measure("find", bench.find, 20_000)
    await measure("commit: 1 insert", bench.one_insert, 10_000)
    await measure("commit: 2 inserts", bench.two_inserts, 10_000)
    await measure("commit: guard + 2 inserts", bench.guarded, 10_000)
    await measure("work: find + 2 inserts", bench.work, 5_000)
    await database.close()
    if database.engine is Engine.SQLITE:
        await bare_sqlite(database.path)
    else:
        await bare_asyncpg(url)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for url in [f"sqlite:///{folder}/bench.db", *sys.argv[1:]]:
            print(url.partition(":")[0])
            migrate.up(url)
            with_connection(url, "gatewatch", _make_tables)
            uvloop.run(run(url))


def _make_tables(connection):
    TABLES.drop_all(connection)
    TABLES.create_all(connection)


if __name__ == "__main__":
    main()
