"""The batch writer, when the database or the spool is not what it should be."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import asyncpg
from tests.audit.desk import account, are_rows, names, spool, until

from gatewatch.audit import writer as writer_module
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import AUDIT_DROPPED, METRICS
from gatewatch.catalogue.outcomes import DropReason


async def execute(url: str, statement: str) -> None:
    """Run a statement on a connection of our own, behind the database's back."""
    if url.startswith("sqlite"):
        await asyncio.to_thread(execute_on_sqlite, url.removeprefix("sqlite:///"), statement)
    else:
        connection = await asyncpg.connect(url, server_settings={"search_path": "gatewatch"})
        await connection.execute(statement)
        await connection.close()


def execute_on_sqlite(path: str, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


@asynccontextmanager
async def outage(url: str) -> AsyncIterator[None]:
    """A database that takes no event: SQLite's has lost its table, Postgres's lets nobody in."""
    if url.startswith("sqlite"):
        await execute(url, "ALTER TABLE audit_logs RENAME TO elsewhere")
        yield
        await execute(url, "ALTER TABLE elsewhere RENAME TO audit_logs")
    else:
        server, _, name = url.rpartition("/")
        await execute(f"{server}/postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await execute(
            f"{server}/postgres",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - the kit's own name
        )
        yield
        await execute(f"{server}/postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def nothing_in_flight(meter: Meter) -> bool:
    return account(meter)[2] == 0


async def test_an_outage_of_the_database_loses_nothing(
    desk, database, database_url, meter, monkeypatch, caplog
):
    monkeypatch.setattr(writer_module, "TICK", 0.05)
    caplog.set_level(logging.INFO)
    journal = desk.journal(meter, buffer_size=20)
    await journal.open()
    async with outage(database_url):
        spool(journal, *map(str, range(120)))
        await asyncio.sleep(0.3)
        assert account(meter) == (120, 0, 120, 0)

    await until(lambda: nothing_in_flight(meter))

    assert await names(database) == sorted(map(str, range(120)))
    full = [r for r in caplog.records if "buffer full" in r.getMessage()]
    assert [r.levelno for r in full] == [logging.WARNING]
    waits = [r for r in caplog.records if "events wait in the spool: " in r.getMessage()]
    assert [r.levelno for r in waits] == [logging.WARNING]
    ends = [r for r in caplog.records if "that waited are in the database" in r.getMessage()]
    assert [r.levelno for r in ends] == [logging.INFO]
    await journal.close()


async def test_closing_in_an_outage_leaves_the_events_to_the_next_start(
    desk, database, database_url, meter
):
    journal = desk.journal(meter)
    await journal.open()
    async with outage(database_url):
        spool(journal, "one", "two")
        await journal.close()

    anew = Meter(METRICS)
    successor = desk.journal(anew)
    await successor.open()
    assert account(anew) == (2, 0, 2, 0)
    await successor.close()

    assert account(anew) == (2, 2, 0, 0)
    assert await names(database) == ["one", "two"]


async def test_a_row_that_the_database_will_not_have_is_dropped_alone(
    desk, database, database_url, meter, caplog
):
    if database_url.startswith("sqlite"):
        await execute(
            database_url,
            "CREATE TRIGGER picky BEFORE INSERT ON audit_logs WHEN new.resource_name = 'poison' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
    else:
        await execute(
            database_url,
            "ALTER TABLE audit_logs ADD CONSTRAINT picky CHECK (resource_name <> 'poison')",
        )
    journal = desk.journal(meter)
    await journal.open()
    spool(journal, "one", "poison", "two")

    await journal.flush()

    assert await names(database) == ["one", "two"]
    assert account(meter) == (3, 2, 0, 1)
    assert "1 events of the spool were dropped: rejected" in caplog.text
    await journal.close()


async def test_a_damaged_record_is_counted_and_its_neighbours_are_stored(desk, database, meter):
    journal = desk.journal(meter)
    await journal.open()
    spool(journal, "one", "two", "three")
    segment = desk.data_dir / "spool" / "0.seg"
    segment.write_bytes(segment.read_bytes().replace(b"two", b"tvo"))

    await journal.flush()

    assert await names(database) == ["one", "three"]
    assert account(meter) == (3, 2, 0, 1)
    await journal.close()


async def test_a_record_that_is_whole_but_says_nothing_is_counted_as_unreadable(
    desk, database, meter
):
    journal = desk.journal(meter)
    await journal.open()
    journal._writer.append(b"not msgpack")
    spool(journal, "one")

    await journal.flush()

    assert await names(database) == ["one"]
    assert account(meter) == (2, 1, 0, 1)
    await journal.close()


async def test_what_was_stored_but_not_let_go_of_is_not_stored_twice(desk, database, meter):
    journal = desk.journal(meter)
    spool(journal, "one", "two", "three")
    segment = desk.data_dir / "spool" / "0.seg"
    as_killed_before_letting_go = segment.read_bytes()
    await journal.flush()
    journal._writer._own.release()
    segment.write_bytes(as_killed_before_letting_go)

    successor = desk.journal(anew := Meter(METRICS))
    await successor.open()
    await successor.close()

    assert await names(database) == ["one", "three", "two"]
    assert account(anew) == (3, 3, 0, 0)


async def test_an_orphan_is_adopted_while_running(desk, database, meter, monkeypatch):
    monkeypatch.setattr(writer_module, "TICK", 0.05)
    monkeypatch.setattr(writer_module, "ADOPTION", 0.1)
    stranger = desk.journal(Meter(METRICS), slot=7, slots=8)
    spool(stranger, "left behind")
    journal = desk.journal(meter)
    await journal.open()
    await asyncio.sleep(0.3)
    assert await names(database) == []

    stranger._writer._own.release()

    await until(lambda: are_rows(database, ["left behind"]))
    assert account(meter) == (1, 1, 0, 0)
    await journal.close()
    assert list((desk.data_dir / "spool").iterdir()) == []


async def test_a_spool_that_cannot_be_written_costs_the_event_and_not_the_answer(
    desk, database, meter, caplog
):
    (desk.data_dir / "spool").write_text("a file where the folder should be")
    journal = desk.journal(meter)

    spool(journal, "lost")

    assert account(meter) == (1, 0, 0, 1)
    assert meter.value(AUDIT_DROPPED, "spooled", DropReason.SPOOL_UNWRITABLE) == 1
    assert "an event is lost" in caplog.text
