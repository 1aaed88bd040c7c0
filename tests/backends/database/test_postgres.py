"""PostgreSQL: what travels together, and what happens when it fails."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    column,
    func,
    literal_column,
    select,
    text,
)
from tests.backends.database.ledger import (
    ADD_ENTRY,
    ENTRIES,
    count,
    entering,
    entries,
    issue,
    spending,
)

from gatewatch.backends.database import Change, Database, Insert, Statement
from gatewatch.kernel.errors import Outage

pytestmark = pytest.mark.postgres

TRANSACTIONS = Statement(
    select(func.count(func.distinct(literal_column("xmin::text")))).select_from(entries)
)
ME = Statement(text("SELECT pg_backend_pid()").columns(column("pid", Integer)))
SLEEP = Statement(text("SELECT pg_sleep(5)"))
WAITING = Statement(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
OTHERS = Statement(
    text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name = 'gatewatch' AND pid <> pg_backend_pid()"
    )
)


async def test_changes_of_one_shape_that_arrive_together_are_one_transaction(
    on_postgres: Database,
):
    await asyncio.gather(*[on_postgres.commit(entering(f"e{number}")) for number in range(64)])
    assert await on_postgres.look.one(TRANSACTIONS) == (1,)


async def test_guarded_changes_are_one_transaction_too(on_postgres: Database):
    names = [f"t{number}" for number in range(20)]
    for name in names:
        await issue(on_postgres, name)
    assert all(await asyncio.gather(*[on_postgres.commit(spending(name, name)) for name in names]))
    assert await on_postgres.look.one(TRANSACTIONS) == (1,)


async def test_a_nul_fails_its_own_change_alone(on_postgres: Database):
    names = [f"e{number}" for number in range(10)]
    changes = [entering("a\0b"), *map(entering, names), entering("\0")]
    outcomes = await asyncio.gather(*map(on_postgres.commit, changes), return_exceptions=True)
    assert outcomes[1:-1] == [True] * 10
    assert {asyncpg.CharacterNotInRepertoireError} == {type(outcomes[0]), type(outcomes[-1])}
    assert await count(on_postgres) == 10


async def test_a_long_text_is_refused_and_not_cut(on_postgres: Database):
    short = Table("short", MetaData(), Column("name", String(3)))
    async with on_postgres.work() as work:
        await work.run(Statement(text("CREATE TABLE short (name varchar(3))")))
    change = Change()
    change.add(Insert(short), {"name": "four"})
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await on_postgres.commit(change)


async def test_a_connection_that_was_lost_is_made_again(on_postgres: Database):
    await asyncio.gather(*[on_postgres.look.one(ME) for _ in range(5)])
    await on_postgres.look.one(OTHERS)
    await asyncio.sleep(0.1)
    outcomes = await asyncio.gather(*[on_postgres.look.one(ME) for _ in range(5)])
    assert len(outcomes) == 5
    assert await on_postgres.commit(entering("after"))


async def test_a_database_that_is_gone_tells_everyone_who_asked(on_postgres: Database):
    async def strike() -> None:
        async with on_postgres.work() as work:
            await work.run(Statement(text("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")))
            writes = [asyncio.ensure_future(on_postgres.commit(entering(n))) for n in "abc"]
            for _ in range(500):
                if await work.one(WAITING) == (1,):
                    break
                await asyncio.sleep(0.01)
            await work.one(OTHERS)
            outcomes.extend(await asyncio.gather(*writes, return_exceptions=True))

    outcomes: list[object] = []
    await strike()
    assert [Outage] * 3 == [type(outcome) for outcome in outcomes]
    assert await count(on_postgres) == 0


async def test_an_answer_is_not_waited_for_for_ever(postgres_url: str, monkeypatch):
    monkeypatch.setattr("gatewatch.backends.database.postgres.ANSWER_SECONDS", 0.2)
    database = Database.build(postgres_url)
    await database.open()
    with pytest.raises(Outage, match="TimeoutError"):
        await database.look.all(SLEEP)
    assert await database.look.one(ME)
    await database.close()


async def test_what_the_body_of_a_work_raises_is_no_outage(on_postgres: Database):
    async def careless() -> None:
        async with on_postgres.work() as work:
            await work.one(ME)
            raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        await careless()
    assert await on_postgres.commit(entering("after"))


async def test_a_work_whose_connection_breaks_between_two_statements_says_so(
    on_postgres: Database,
):
    async def unlucky() -> None:
        async with on_postgres.work() as work:
            await work.one(ME)
            await on_postgres.look.one(OTHERS)
            await work.one(ME)

    with pytest.raises(Outage):
        await unlucky()
    assert await on_postgres.commit(entering("after"))


async def test_a_work_may_be_cancelled_in_the_middle_of_a_statement(on_postgres: Database):
    async def work() -> None:
        async with on_postgres.work() as unit:
            await unit.add(ADD_ENTRY, {"id": "bad"})
            await unit.one(SLEEP)

    for _ in range(12):  # more than there are connections: none is lost
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work(), 0.05)
    assert await count(on_postgres) == 0
    assert await on_postgres.commit(entering("after"))


async def test_changes_that_block_each_other_are_tried_again(on_postgres: Database):
    """Two works that lock what the other wants next: PostgreSQL ends one, a change is retried."""
    for name in "ab":
        await issue(on_postgres, name)
    lock = Statement(text("UPDATE tickets SET state = 'live' WHERE id = :id"))
    locked = asyncio.Event()

    async def work() -> None:
        async with on_postgres.work() as unit:
            await unit.run(lock, id="b")
            locked.set()
            await asyncio.sleep(0.2)
            await unit.run(lock, id="a")

    async def commit() -> list[bool]:
        await locked.wait()
        return await asyncio.gather(
            *[on_postgres.commit(spending(name, name)) for name in ("a", "b")]
        )

    worked, committed = await asyncio.gather(work(), commit(), return_exceptions=True)
    assert committed == [True, True]
    assert worked is None or isinstance(worked, asyncpg.DeadlockDetectedError)


async def test_a_scan_is_a_read(on_postgres: Database):
    await on_postgres.commit(entering("a"))
    assert await on_postgres.scan(ENTRIES) == [("a",)]
