"""What holds on both engines."""

import asyncio
import contextlib

import asyncpg
import pytest
from sqlalchemy import select
from tests.backends.database.ledger import (
    ADD_ENTRY,
    ADD_TICKET,
    COUNT,
    ENTRIES,
    ENTRY,
    NOW,
    RENAME,
    TICKET,
    count,
    entering,
    entries,
    issue,
    spending,
    ticket,
)

from gatewatch.backends.database import Change, Database, Statement, Taken
from gatewatch.kernel.errors import ConfigurationError


async def test_a_row_is_read_as_it_was_written(database: Database):
    await issue(database)
    row = {
        "id": "e",
        "ticket_id": "one",
        "at": NOW,
        "digest": b"\x00\xff",
        "details": {"who": "Ada", "n": [1, None]},
        "loud": True,
    }
    change = Change()
    change.add(ADD_ENTRY, row)
    assert True is await database.commit(change)
    expected = tuple(row.values())
    assert expected == await database.look.find(ENTRY, "e")
    assert expected == await database.look.one(Statement(select(entries)))
    assert [expected] == await database.scan(Statement(select(entries)))


async def test_the_order_of_a_rows_columns_is_the_callers_own(database: Database):
    row = {"ticket_id": None, "loud": False, "id": "e", "at": NOW}
    expected = ("e", None, NOW, None, None, False)
    await database.commit(entering("f", details={}, at=NOW))
    change = Change()
    change.add(ADD_ENTRY, row)
    change.add(ADD_ENTRY, {**row, "id": "g"})
    assert await database.commit(change)
    async with database.work() as work:
        await work.add(ADD_ENTRY, {**row, "id": "h"})
    for name in "egh":
        assert (name, *expected[1:]) == await database.look.find(ENTRY, name)


async def test_an_absent_column_is_null(database: Database):
    await database.commit(entering("e"))
    assert await database.look.find(ENTRY, "e") == ("e", None, None, None, None, None)


async def test_a_ticket_is_spent_once_however_many_ask(database: Database):
    await issue(database)
    asked = [database.commit(spending("one", f"e{number}")) for number in range(20)]
    outcomes = await asyncio.gather(*asked)
    assert outcomes.count(True) == 1
    assert await count(database) == 1
    assert await database.look.find(TICKET, "one") == ("one", "spent", NOW)


async def test_many_tickets_are_each_spent_once(database: Database):
    names = [f"t{number}" for number in range(30)]
    for name in names:
        await issue(database, name)
    asked = [
        database.commit(spending(name, f"{name} {attempt}")) for attempt in (1, 2) for name in names
    ]
    outcomes = await asyncio.gather(*asked)
    assert outcomes == [True] * 30 + [False] * 30
    assert await count(database) == 30


async def test_a_lost_guard_does_nothing_and_calls_nobody(database: Database):
    called: list[str] = []
    change = spending("no such ticket", "e")
    change.after_commit(lambda: called.append("lost"))
    assert False is await database.commit(change)
    assert called == []
    assert await count(database) == 0


async def test_callbacks_come_once_a_change_is_durable(database: Database):
    called: list[str] = []
    await issue(database)
    for change in (spending("one", "e"), entering("f"), Change()):
        change.after_commit(lambda: called.append("change"))
        assert await database.commit(change)
    async with database.work() as work:
        work.after_commit(lambda: called.append("work"))
        await work.add(ADD_ENTRY, {"id": "g"})
        assert called == ["change"] * 3
    assert called == ["change"] * 3 + ["work"]


async def test_a_failing_callback_harms_nobody(database: Database):
    stray: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    change = entering("e")
    change.after_commit(lambda: {}[0])
    assert await asyncio.gather(database.commit(change), database.commit(entering("f"))) == [
        True,
        True,
    ]
    assert len(stray) == 1


async def test_one_change_may_hold_many_rows_of_many_tables(database: Database):
    change = Change()
    change.add(ADD_TICKET, ticket("one"))
    for number in range(3):
        change.add(ADD_ENTRY, {"id": f"e{number}", "ticket_id": "one"})
    assert await database.commit(change)
    assert await database.look.all(ENTRIES) == [("e0",), ("e1",), ("e2",)]


async def test_a_change_that_fails_fails_alone_and_leaves_nothing(database: Database):
    await issue(database)
    twice = spending("one", "bad")
    twice.add(ADD_ENTRY, {"id": "bad"})
    good = [entering(f"e{number}", at=NOW) for number in range(10)]
    outcomes = await asyncio.gather(
        *[database.commit(change) for change in (*good[:5], twice, *good[5:])],
        return_exceptions=True,
    )
    assert outcomes[:5] == [True] * 5
    assert isinstance(outcomes[5], Exception)
    assert outcomes[6:] == [True] * 5
    assert await count(database) == 10
    assert await database.look.find(TICKET, "one") == ("one", "live", None)


@pytest.mark.parametrize("name", ["\ud800", "b\udfffd"])
async def test_text_that_cannot_be_stored_fails_its_own_change_alone(database: Database, name: str):
    changes = [entering("a"), entering(name), entering("c")]
    outcomes = await asyncio.gather(*map(database.commit, changes), return_exceptions=True)
    assert outcomes[::2] == [True, True]
    assert isinstance(outcomes[1], UnicodeEncodeError | asyncpg.DataError)
    assert await database.look.all(ENTRIES) == [("a",), ("c",)]


@pytest.mark.parametrize(
    "bad", [{"at": NOW.replace(tzinfo=None)}, {"details": {"who": object()}}, {"details": "\ud800"}]
)
async def test_a_value_of_the_wrong_kind_fails_its_own_change_alone(
    database: Database, bad: dict[str, object]
):
    good = dict.fromkeys(bad)
    changes = [entering("a", **good), entering("b", **bad), entering("c", **good)]
    outcomes = await asyncio.gather(*map(database.commit, changes), return_exceptions=True)
    assert outcomes[::2] == [True, True]
    assert isinstance(outcomes[1], ValueError | TypeError)
    assert await database.look.all(ENTRIES) == [("a",), ("c",)]


async def test_each_gets_the_row_of_its_own_key(database: Database):
    for number in range(5):
        await issue(database, f"t{number}")
    keys = ["t3", "none", "t0", "t3", "\ud800", "a\0b", "t4"]
    found = await asyncio.gather(*[database.look.find(TICKET, key) for key in keys])
    assert [row and row[0] for row in found] == ["t3", None, "t0", "t3", None, None, "t4"]
    async with database.work() as work:
        assert [await work.find(TICKET, key) for key in ("\ud800", "none")] == [None, None]


async def test_a_work_reads_what_it_wrote_and_nobody_else_does_before_its_commit(
    database: Database,
):
    async with database.work() as work:
        await work.add(ADD_TICKET, ticket("one"))
        assert await work.run(RENAME, which="one", to="named") == 1
        assert await work.run(RENAME, which="two", to="named") == 0
        assert await work.find(TICKET, "one") == ("one", "named", None)
        assert await work.one(COUNT) == (0,)
        assert await work.all(ENTRIES) == []
        if database.engine == "sqlite":
            assert None is await database.look.find(TICKET, "one")
    assert await database.look.find(TICKET, "one") == ("one", "named", None)


async def test_a_work_that_raises_is_undone(database: Database):
    async def stumble() -> None:
        async with database.work() as work:
            await work.add(ADD_ENTRY, {"id": "bad"})
            raise LookupError

    async def succeed(name: str) -> None:
        async with database.work() as work:
            await work.add(ADD_ENTRY, {"id": name})

    outcomes = await asyncio.gather(succeed("a"), stumble(), succeed("b"), return_exceptions=True)
    assert [None, LookupError, None] == [outcome and type(outcome) for outcome in outcomes]
    assert await database.look.all(ENTRIES) == [("a",), ("b",)]


async def test_a_work_inside_a_work_is_refused_rather_than_waited_for(database: Database):
    async def nest() -> None:
        async with database.work() as work:
            await work.add(ADD_ENTRY, {"id": "bad"})
            async with database.work():
                pass

    with pytest.raises(RuntimeError, match="inside a unit of work"):
        await nest()
    assert await count(database) == 0
    await database.commit(entering("good"))


async def test_a_commit_inside_a_work_is_refused(database: Database):
    async def nest() -> None:
        async with database.work():
            await database.commit(entering("bad"))

    with pytest.raises(RuntimeError, match="inside a unit of work"):
        await nest()
    assert await count(database) == 0


async def test_who_is_cancelled_does_not_take_others_along(database: Database):
    async def work(name: str) -> None:
        async with database.work() as unit:
            await unit.add(ADD_ENTRY, {"id": name})

    made = [
        asyncio.ensure_future(start)
        for number in range(10)
        for start in (database.commit(entering(f"c{number}")), work(f"w{number}"))
    ]
    await asyncio.sleep(0)
    for task in made[::3]:
        task.cancel()
    outcomes = await asyncio.gather(*made, return_exceptions=True)
    stayed = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(made) - len(made[::3]) == len(stayed)
    assert len(stayed) <= await count(database) <= len(made)
    assert await database.commit(entering("after"))


async def test_a_value_that_is_taken_is_told_in_one_word(database: Database):
    await issue(database)
    again = Change()
    again.add(ADD_TICKET, ticket("one"))
    with pytest.raises(Taken):
        await database.commit(again)
    with pytest.raises(Taken):
        await issue(database)


async def test_a_work_does_not_outlive_a_statement_that_failed(database: Database):
    async def swallow(*, go_on: bool) -> None:
        async with database.work() as work:
            await work.add(ADD_ENTRY, {"id": "bad"})
            with contextlib.suppress(Taken):
                await work.add(ADD_ENTRY, {"id": "bad"})
            if go_on:
                await work.add(ADD_ENTRY, {"id": "worse"})

    with pytest.raises(RuntimeError, match="has failed"):
        await swallow(go_on=False)
    with pytest.raises((RuntimeError, asyncpg.InFailedSQLTransactionError)):
        await swallow(go_on=True)
    assert await count(database) == 0


async def test_a_parameter_is_neither_missing_nor_made_up(database: Database):
    with pytest.raises(TypeError, match=r"takes \['to', 'which'\], not \['which'\]"):
        async with database.work() as work:
            await work.run(RENAME, which="one")
    with pytest.raises(TypeError, match="takes"):
        await database.look.one(COUNT, more=1)


async def test_a_ping_answers(database: Database):
    await database.ping(5)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_database_is_refused(url: str):
    with pytest.raises(ConfigurationError, match="the database URL"):
        Database.build(url)


def test_building_touches_nothing(tmp_path):
    Database.build(f"sqlite:///{tmp_path}/new.db")
    Database.build("postgresql://nobody@127.0.0.1:1/none")
    assert list(tmp_path.iterdir()) == []
