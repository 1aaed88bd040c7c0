"""Group commit: what is shared, and what is not."""

import asyncio
import fcntl
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.backends.database.ledger import ADD_ENTRY, ENTRIES, count, entering, entries

from gatewatch.backends.database import Database, Insert, Statement, Work
from gatewatch.backends.database.group import Groups
from gatewatch.backends.database.sqlite import SqliteDatabase
from gatewatch.kernel.errors import Outage, WorkSuspended

DEFER = Statement(text("PRAGMA defer_foreign_keys = ON"))


async def add(database: Database, name: str) -> None:
    async with database.work() as work:
        await work.add(ADD_ENTRY, {"id": name})


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many units each COMMIT carried."""
    sizes: list[int] = []
    commit = Groups._commit

    def counted(groups: Groups, members: list) -> None:
        sizes.append(len(members))
        commit(groups, members)

    monkeypatch.setattr(Groups, "_commit", counted)
    return sizes


async def test_units_that_arrive_together_share_a_commit(on_sqlite: Database, commits: list[int]):
    changes = [on_sqlite.commit(entering(f"c{number}")) for number in range(20)]
    works = [add(on_sqlite, f"w{number}") for number in range(20)]
    await asyncio.gather(*changes, *works)
    assert commits == [40]


async def test_who_arrives_during_a_commit_forms_the_next_group(
    on_sqlite: Database, commits: list[int]
):
    first = asyncio.ensure_future(add(on_sqlite, "first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [on_sqlite.commit(entering(f"c{number}")) for number in range(10)]
    works = [add(on_sqlite, f"w{number}") for number in range(10)]
    await asyncio.gather(first, *others, *works)
    assert commits == [1, 20]


async def test_a_crowd_is_let_in_by_turns(on_sqlite: Database, commits: list[int]):
    first = asyncio.ensure_future(add(on_sqlite, "first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.gather(first, *[on_sqlite.commit(entering(f"c{n}")) for n in range(200)])
    assert commits == [1, 128, 72]


@pytest.mark.parametrize("pause", [0, 0.01])
async def test_a_work_that_suspends_is_undone_alone_and_told(on_sqlite: Database, pause: float):
    async def dawdle() -> None:
        async with on_sqlite.work() as work:
            await work.add(ADD_ENTRY, {"id": "late"})
            await asyncio.sleep(pause)

    outcomes = await asyncio.gather(
        add(on_sqlite, "a"),
        dawdle(),
        add(on_sqlite, "b"),
        on_sqlite.commit(entering("c")),
        return_exceptions=True,
    )
    assert [None, WorkSuspended, None, True] == [
        type(outcome) if isinstance(outcome, Exception) else outcome for outcome in outcomes
    ]
    assert await on_sqlite.look.all(ENTRIES) == [("a",), ("b",), ("c",)]


async def test_a_work_that_suspended_cannot_write_any_more(on_sqlite: Database):
    async def dawdle() -> None:
        async with on_sqlite.work() as work:
            await asyncio.sleep(0.01)
            await work.add(ADD_ENTRY, {"id": "late"})

    with pytest.raises(WorkSuspended):
        await dawdle()
    assert await count(on_sqlite) == 0


async def test_a_commit_that_fails_fails_the_whole_group(on_sqlite: Database):
    async def orphan() -> None:
        async with on_sqlite.work() as work:
            await work.run(DEFER)
            await work.add(ADD_ENTRY, {"id": "orphan", "ticket_id": "nobody's"})

    outcomes = await asyncio.gather(
        add(on_sqlite, "a"), orphan(), on_sqlite.commit(entering("b")), return_exceptions=True
    )
    assert [sqlite3.IntegrityError] * 3 == [type(outcome) for outcome in outcomes]
    assert len({id(outcome) for outcome in outcomes}) == 3
    assert await count(on_sqlite) == 0
    assert await on_sqlite.commit(entering("after"))


async def test_a_full_disk_fails_who_is_in_the_group_and_nobody_after(on_sqlite: SqliteDatabase):
    big = Insert(entries)
    on_sqlite._writer.execute("PRAGMA max_page_count = 40")

    async def fill(work: Work, name: str) -> None:
        await work.add(big, {"id": name, "digest": bytes(400_000)})

    async def flood() -> None:
        async with on_sqlite.work() as work:
            await fill(work, "flood")

    outcomes = await asyncio.gather(
        add(on_sqlite, "a"), flood(), on_sqlite.commit(entering("b")), return_exceptions=True
    )
    assert isinstance(outcomes[1], Outage)
    assert "full" in str(outcomes[1])
    kept = [
        name for name, outcome in zip("ab", outcomes[::2], strict=True) if outcome in (None, True)
    ]
    assert [(name,) for name in kept] == await on_sqlite.look.all(ENTRIES)
    on_sqlite._writer.execute("PRAGMA max_page_count = 4294967294")
    await flood()


async def test_a_caller_cancelled_before_its_group_leaves_nothing(on_sqlite: Database):
    first = asyncio.ensure_future(add(on_sqlite, "first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [
        asyncio.ensure_future(on_sqlite.commit(entering("change"))),
        asyncio.ensure_future(add(on_sqlite, "work")),
        asyncio.ensure_future(add(on_sqlite, "stays")),
    ]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    assert await on_sqlite.look.all(ENTRIES) == [("first",), ("stays",)]


async def test_a_caller_cancelled_while_its_commit_is_in_flight_has_written(on_sqlite: Database):
    called: list[bool] = []
    change = entering("kept")
    change.after_commit(lambda: called.append(True))
    caller = asyncio.ensure_future(on_sqlite.commit(change))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await add(on_sqlite, "next")
    assert called == [True]
    assert await on_sqlite.look.all(ENTRIES) == [("kept",), ("next",)]


async def test_while_another_process_holds_the_lock_the_loop_goes_on(
    on_sqlite: Database, tmp_path: Path
):
    with (tmp_path / "ledger.db.lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        writes = [asyncio.ensure_future(add(on_sqlite, name)) for name in "ab"]
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert await count(on_sqlite) == 0
        assert not any(write.done() for write in writes)
    await asyncio.gather(*writes)
    assert await count(on_sqlite) == 2


async def test_a_writer_that_knows_nothing_of_the_lock_is_waited_for(
    on_sqlite: Database, tmp_path: Path
):
    stranger = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    write = asyncio.ensure_future(add(on_sqlite, "a"))
    await asyncio.sleep(0.1)
    assert not write.done()
    stranger.execute("COMMIT")
    await write
    stranger.close()


async def test_a_writer_that_never_ends_is_given_up_on(
    on_sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gatewatch.backends.database.group.PATIENCE", 50)
    stranger = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        add(on_sqlite, "a"), on_sqlite.commit(entering("b")), return_exceptions=True
    )
    assert [Outage] * 2 == [type(outcome) for outcome in outcomes]
    stranger.execute("COMMIT")
    stranger.close()
    assert on_sqlite._writer.execute("PRAGMA busy_timeout").fetchone() == (0,)
    await add(on_sqlite, "after")


async def test_closing_lets_what_is_in_flight_end(sqlite_url: str, on_sqlite: Database):
    database = Database.build(sqlite_url)
    await database.open()
    writes = [asyncio.ensure_future(add(database, f"w{number}")) for number in range(5)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    assert await count(on_sqlite) == 5
    with pytest.raises(RuntimeError, match="closed"):
        await database.commit(entering("late"))
