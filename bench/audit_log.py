"""What the audit log costs to read when there are many events in it.

    python bench/audit_log.py sqlite:////tmp/audit.db [--rows 1000000]
    python bench/audit_log.py postgresql://... [--rows 1000000]

The database is filled if it has no events yet. Medians of wall time, on a server at rest.
"""

import argparse
import asyncio
import sqlite3
import statistics
import time
from itertools import islice

import asyncpg
import msgspec

from bench.audit_rows import END, rows
from gatewatch.audit import pages
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search, none_of, only
from gatewatch.backends.database import Database, Engine, migrate
from gatewatch.backends.database.sqlite import path_of

BATCH = 5_000
NAMES = AuditRow.__struct_fields__


def values(row):
    """A row as the drivers take it."""
    given = list(msgspec.structs.astuple(row))
    given[NAMES.index("metadata")] = msgspec.json.encode(row.metadata).decode()
    return given


async def fill(url, number):
    """Make the tables, and the rows if there are none."""
    await asyncio.to_thread(migrate.up, url)
    begun = time.perf_counter()
    if Database.build(url).engine is Engine.SQLITE:
        _fill_sqlite(path_of(url), number)
    else:
        await _fill_postgres(url, number)
    return time.perf_counter() - begun


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
        "a day long ago": Search(start_time=day.replace(month=1, day=2), end_time=day.replace(month=1, day=3)),
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
    (sample,) = [row for row in await pages.page(
        database, Search(action=only("oauth.token.access_issued")), count=1
    )]  # fmt: skip
    print(f"{'page of 20':<50} {'top':>8} {'deep':>8}   ms, and events found")
    for name, search in searches(sample).items():
        top, found = await timed(9, lambda s=search: pages.page(database, s, count=21))
        below, _ = await timed(9, lambda s=search: pages.page(database, s, count=21, before=deep))
        print(f"{name:<50} {top:8.2f} {below:8.2f}   {len(found)}")


async def main():
    """Fill, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    print(f"filled in {await fill(given.url, given.rows):.0f} s")
    database = Database.build(given.url)
    await database.open()
    deep = next(islice(rows(given.rows), given.rows // 5, None)).id
    await measure_pages(database, deep)
    await database.close()


asyncio.run(main())
