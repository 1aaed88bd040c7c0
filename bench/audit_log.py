"""What the audit log costs to read when there are many events in it.

    python bench/audit_log.py sqlite:////tmp/audit.db [--rows 1000000]
    python bench/audit_log.py postgresql://... [--rows 1000000]

The database is filled if it has no events yet. Medians of wall time, on a server at rest.
"""

import argparse
import asyncio
import csv
import resource
import sqlite3
import statistics
import time
from datetime import timedelta
from itertools import islice

import asyncpg
import msgspec

from bench.audit_rows import DAYS, END, rows
from gatewatch.audit import pages, tally_store, word_store
from gatewatch.audit.export import Exports, Wanted
from gatewatch.audit.formats import Observer
from gatewatch.audit.indexer import Words
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search, none_of, only
from gatewatch.audit.statistics import statistics as statistics_of
from gatewatch.audit.words import words_of
from gatewatch.backends.database import Database, Engine, migrate
from gatewatch.backends.database.sqlite import path_of
from gatewatch.kernel.actor import NOWHERE, SYSTEM

BATCH = 5_000
NAMES = AuditRow.__struct_fields__


def values(row):
    """A row as the drivers take it."""
    given = list(msgspec.structs.astuple(row))
    given[NAMES.index("metadata")] = msgspec.json.encode(row.metadata).decode()
    return given


async def fill(url, number):
    """Make the tables, and the rows and their index if there are none."""
    await asyncio.to_thread(migrate.up, url)
    begun = time.perf_counter()
    database = Database.build(url)
    if database.engine is Engine.SQLITE:
        _fill_sqlite(path_of(url), number)
    else:
        await _fill_postgres(url, number)
    await database.open()
    if await word_store.progress(database) is None:
        await _index(database, number)
    await database.close()
    return time.perf_counter() - begun


async def _index(database, number):
    """Index the rows as the indexer does, which would wait for them to be sealed."""
    made, newest = rows(number), ""
    while some := list(islice(made, BATCH)):
        async with database.work() as work:
            words = [(row.id, " ".join(words_of(row))) for row in some]
            await word_store.add(work, database.engine, words)
            await tally_store.add(work, database.engine, tally_store.tallies_of(some))
        newest = some[-1].id
    async with database.work() as work:
        await word_store.begin(work, number - 1, newest)


def _fill_sqlite(path, number):
    connection = sqlite3.connect(path, isolation_level=None)
    if connection.execute("SELECT 1 FROM audit_logs LIMIT 1").fetchone():
        return
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -500000")
    marks = ", ".join("?" * len(NAMES))
    statement = f"INSERT INTO audit_logs ({', '.join(NAMES)}) VALUES ({marks})"
    at = NAMES.index("created_at")
    connection.execute("BEGIN")
    for row in rows(number):
        given = values(row)
        given[at] = given[at].isoformat(" ", "microseconds")[:26]
        connection.execute(statement, given)
    connection.execute("COMMIT")
    connection.close()


async def _fill_postgres(url, number):
    connection = await asyncpg.connect(url, server_settings={"search_path": "gatewatch"})
    if await connection.fetchval("SELECT count(*) FROM (SELECT 1 FROM audit_logs LIMIT 1) one"):
        return
    made = rows(number)
    while some := [values(row) for row in islice(made, BATCH)]:
        await connection.copy_records_to_table("audit_logs", records=some, columns=NAMES)
    await connection.execute("VACUUM ANALYZE audit_logs")
    await connection.close()


def searches(sample):
    """Searches of every sort, each as it is asked and what it is."""
    day = END.replace(hour=0)
    actor, address = sample.actor_id, sample.ip_address
    return {
        "nothing in particular": Search(),
        "type": Search(event_type=only("AUTHENTICATION_FAILURE")),
        "not a type": Search(event_type=none_of("ACCESS_TOKEN_ISSUED", "TOKEN_REFRESHED")),
        "critical": Search(severity=only("CRITICAL")),
        "warning or error": Search(severity=only("WARNING", "ERROR")),
        "failures": Search(success=only("failure")),
        "kind of resource": Search(resource_type=only("KEY")),
        "a rare action": Search(action=only("keys.created")),
        "no such action": Search(action=only("no.such")),
        "a type and a severity that exclude each other": Search(
            event_type=only("LOGOUT"), severity=only("CRITICAL")
        ),
        "actor": Search(actor=only(actor)),
        "three actors": Search(actor=only(actor, "acc_none", "acc_neither")),
        "actor, failures": Search(actor=only(actor), success=only("failure")),
        "not an actor": Search(actor=none_of(actor)),
        "address": Search(actor_ip=only(address)),
        "network /24": Search(actor_ip=only("30.2.3.0/24")),
        "network /8": Search(actor_ip=only("30.0.0.0/8")),
        "network /11": Search(actor_ip=only("32.0.0.0/11")),
        "network of IPv6": Search(actor_ip=only("2001:db8:100::/40")),
        "not a network": Search(actor_ip=none_of("10.0.0.0/8")),
        "client": Search(client_id=only(sample.client_id)),
        "client, type": Search(
            client_id=only(sample.client_id), event_type=only("DEVICE_CODE_DENIED")
        ),
        "client, type that it never has": Search(
            client_id=only(sample.client_id), event_type=only("LOGOUT")
        ),
        "resource": Search(resource_id=only(sample.resource_id)),
        "request": Search(request_id=only(sample.request_id)),
        "session": Search(session_id=only(sample.session_id)),
        "a day long ago": Search(
            start_time=day.replace(month=1, day=2), end_time=day.replace(month=1, day=3)
        ),
        "a day long ago, type, address": Search(
            start_time=day.replace(month=1, day=2),
            end_time=day.replace(month=1, day=3),
            event_type=only("AUTHENTICATION_SUCCESS"),
            actor_ip=only(address),
        ),
        "type, severity, client, network, not an actor": Search(
            event_type=only("ACCESS_TOKEN_ISSUED", "TOKEN_REFRESHED"),
            severity=only("INFO"),
            client_id=only(sample.client_id),
            actor_ip=only("30.0.0.0/8"),
            actor=none_of(actor),
        ),
    }  # fmt: skip


async def timed(times, act):
    """The median of so many runs, in milliseconds, and the last answer."""
    took, answer = [], None
    for _ in range(times):
        begun = time.perf_counter()
        answer = await act()
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1e3, answer


async def measure_pages(database, deep):
    """Any page of any filters, at the top and deep in the log."""
    found = await pages.page(database, Search(action=only("oauth.token.access_issued")), count=1)
    (sample,) = found
    print(f"{'page of 20':<50} {'top':>8} {'deep':>8}   ms, and events found")
    for name, search in searches(sample).items():
        top, found = await timed(9, lambda s=search: pages.page(database, s, count=21))
        below, _ = await timed(9, lambda s=search: pages.page(database, s, count=21, before=deep))
        print(f"{name:<50} {top:8.2f} {below:8.2f}   {len(found)}")


WORDS = ("login", "fail", "person19999", "person1", "zzz", "word777 login", "failed person123",
         "acc", "example7 com login failed")  # fmt: skip


async def measure_words(database):
    """Full-text search, of rare words and common ones."""
    words = Words(database)
    print(f"\n{'search':<50} {'alone':>8} {'with /8':>8}   ms, and events found")
    for text in WORDS:
        alone, within = Search(search=text), Search(search=text, actor_ip=only("30.0.0.0/8"))
        first, found = await timed(5, lambda s=alone: words.page(s, count=21))
        second, _ = await timed(5, lambda s=within: words.page(s, count=21))
        print(f"{text:<50} {first:8.2f} {second:8.2f}   {len(found)}")


async def measure_statistics(database):
    """Statistics of a month, and of everything."""
    for days in (1, 7, 30, DAYS):
        start = END - timedelta(days=days, minutes=17)
        took, found = await timed(5, lambda s=start: statistics_of(database, s, None, END))
        print(f"statistics of {days:>2} days {took:8.1f} ms, {found.total_events} events")


async def measure_export(url, database):
    """All of it as CSV, beside a bare cursor and the csv module; CPU, and memory."""
    bare = (
        await asyncio.to_thread(_bare_sqlite, url)
        if database.engine is Engine.SQLITE
        else (await _bare_postgres(url))
    )
    exports = Exports(database, _Nobody(), Words(database), Observer.here("https://example.com"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, size = time.process_time(), 0
    wall = time.perf_counter()
    async for chunk in exports.stream(
        Wanted(search=Search()), export_id="exp_1", file_name="a.csv", by=SYSTEM, origin=NOWHERE
    ):
        size += len(chunk)
    cpu, wall = time.process_time() - begun, time.perf_counter() - wall
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"export {size / 1e6:.0f} MB: {wall:.1f} s, {cpu:.1f} s of CPU; bare {bare[1]:.1f} s,"
          f" {bare[0]:.1f} s of CPU: {wall / bare[1]:.2f} times the time,"
          f" {cpu / bare[0]:.2f} times the CPU; {more / 1024:.1f} MiB more memory")  # fmt: skip


class _Nobody:
    def spool(self, *_, **__):
        """Keep nothing."""


class _Nowhere:
    def write(self, text):
        """Drop it, encoded."""
        return len(text.encode())


def _bare_sqlite(url):
    begun, wall = time.process_time(), time.perf_counter()
    connection = sqlite3.connect(path_of(url))
    writer = csv.writer(_Nowhere())
    writer.writerows(connection.execute("SELECT * FROM audit_logs ORDER BY id DESC"))
    return time.process_time() - begun, time.perf_counter() - wall


async def _bare_postgres(url):
    begun, wall = time.process_time(), time.perf_counter()
    connection = await asyncpg.connect(url, server_settings={"search_path": "gatewatch"})
    writer = csv.writer(_Nowhere())
    async with connection.transaction():
        cursor = await connection.cursor("SELECT * FROM audit_logs ORDER BY id DESC")
        while some := await cursor.fetch(2_000):
            writer.writerows(some)
    await connection.close()
    return time.process_time() - begun, time.perf_counter() - wall


async def main():
    """Fill, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", action="append", help="pages, words, statistics, export")
    given = parser.parse_args()
    print(f"filled in {await fill(given.url, given.rows):.0f} s")
    database = Database.build(given.url)
    await database.open()
    deep = next(islice(rows(given.rows), given.rows // 5, None)).id
    for only_this in given.only or ("pages", "words", "statistics", "export"):
        match only_this:
            case "pages":
                await measure_pages(database, deep)
            case "words":
                await measure_words(database)
            case "statistics":
                await measure_statistics(database)
            case "export":
                await measure_export(given.url, database)
    await database.close()


asyncio.run(main())
