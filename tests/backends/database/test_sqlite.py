"""The file, and the processes that share it."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.backends.database.ledger import ENTRIES, count, entering, make
from tests.backends.database.processes import lines, start

from gatewatch.backends.database import Database, Statement
from gatewatch.kernel.errors import ConfigurationError, Outage


def test_a_file_that_is_not_there_is_not_made_by_opening_it(sqlite_url: str, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no database can be opened"):
        asyncio.run(Database.build(sqlite_url).open())
    assert list(tmp_path.iterdir()) == []


async def test_an_answered_request_is_on_disk(on_sqlite: Database):
    settings = {
        name: on_sqlite._writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_the_reader_cannot_write(on_sqlite: Database):
    with pytest.raises(Outage, match="readonly"):
        await on_sqlite.look.all(Statement(text("DELETE FROM entries")))


async def test_whoever_was_told_of_a_commit_reads_it_however_many_read_at_once(
    on_sqlite: Database,
):
    async def enter_and_look(name: str) -> int:
        await count(on_sqlite)
        await on_sqlite.commit(entering(name))
        return await count(on_sqlite)

    seen = await asyncio.gather(*[enter_and_look(f"e{number}") for number in range(50)])

    assert await count(on_sqlite) == 50
    assert min(seen) > 0
    for number in range(20):
        assert await enter_and_look(f"f{number}") == 51 + number


async def test_what_another_connection_committed_is_read_in_the_next_turn(
    on_sqlite: Database, tmp_path: Path
):
    assert await count(on_sqlite) == 0
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("INSERT INTO entries (id, at) VALUES ('one', '2026-02-08')")
    await asyncio.sleep(0)

    assert await count(on_sqlite) == 1


async def test_a_deleted_file_fails_the_ping(on_sqlite: Database, tmp_path: Path):
    (tmp_path / "ledger.db").unlink()
    with pytest.raises(FileNotFoundError):
        await on_sqlite.ping(5)


async def test_a_replaced_file_fails_the_ping(on_sqlite: Database, tmp_path: Path):
    file = tmp_path / "ledger.db"
    shutil.copy(file, tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(file)
    with pytest.raises(OSError, match="not the file that was opened"):
        await on_sqlite.ping(5)


async def test_a_corrupt_file_fails_the_ping_even_if_the_log_is_whole(
    on_sqlite: Database, tmp_path: Path
):
    await on_sqlite.commit(entering("a"))
    with (tmp_path / "ledger.db").open("r+b") as file:
        file.write(b"\xa5" * 4096)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        await on_sqlite.ping(5)


async def test_a_ping_keeps_to_its_budget(on_sqlite: Database):
    with pytest.raises(TimeoutError):
        await on_sqlite.ping(0)


async def test_two_processes_both_get_on_and_lose_nothing(sqlite_url: str):
    make(sqlite_url)
    one, other = await asyncio.gather(
        *[start("writer", sqlite_url, name, "400") for name in ("x", "y")]
    )
    said = await asyncio.gather(lines(one), lines(other))
    assert [await one.wait(), await other.wait()] == [0, 0]
    database = Database.build(sqlite_url)
    await database.open()
    kept = [row[0] for row in await database.look.all(ENTRIES)]
    assert sorted(said[0] + said[1]) == kept
    assert len(kept) == 800
    await database.close()


async def test_what_was_answered_survives_kill_9(sqlite_url: str):
    make(sqlite_url)
    writer = await start("writer", sqlite_url, "x", "1000000")
    bystander = await start("writer", sqlite_url, "y", "200")
    said = await lines(writer, 300)
    writer.kill()
    said += await lines(writer) + await lines(bystander)
    assert await bystander.wait() == 0
    await writer.wait()
    database = Database.build(sqlite_url)
    await database.open()
    kept = {row[0] for row in await database.look.all(ENTRIES)}
    assert set() == set(said) - kept
    assert await database.commit(entering("after"))
    assert len(kept) + 1 == await count(database)
    await database.close()
