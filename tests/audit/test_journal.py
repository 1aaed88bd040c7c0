"""The journal: each event is kept once, and counted for what became of it."""

import asyncio
import logging

import pytest
from tests.audit.desk import ADA, account, are_rows, names, refused, signed_in, spool, until

from gatewatch.audit import pages, store
from gatewatch.audit.search import Search, only
from gatewatch.backends.database import Change, Guard
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Durability, Severity
from gatewatch.catalogue.metrics import AUDIT_EVENTS, LOGINS, METRICS
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE, Actor, Origin


async def test_a_committed_event_is_a_row_of_its_change(journal, database, meter):
    change = Change()
    await journal.record(change, signed_in(), actor=ADA, origin=NOWHERE)
    assert account(meter, Durability.COMMITTED) == (0, 0, 0, 0)

    assert await database.commit(change)

    (row,) = await pages.page(database, Search(), count=10)
    assert row == await store.by_id(database, row.id)
    assert (row.action, row.actor_id, row.sequence) == ("auth.login", "acc_ada", 1)
    assert account(meter, Durability.COMMITTED) == (1, 1, 0, 0)
    assert meter.value(LOGINS, "password", "admitted") == 1
    assert meter.value(AUDIT_EVENTS, Severity.INFO) == 1


async def test_a_committed_event_is_a_row_of_its_work(journal, database, meter):
    async with database.work() as work:
        await journal.record(work, signed_in(), actor=ADA, origin=NOWHERE)
        assert account(meter, Durability.COMMITTED) == (0, 0, 0, 0)

    assert await names(database) == ["ada@example.com"]
    assert account(meter, Durability.COMMITTED) == (1, 1, 0, 0)


async def change_ones_mind(journal, database) -> None:
    async with database.work() as work:
        await journal.record(work, signed_in(), actor=ADA, origin=NOWHERE)
        raise RuntimeError("changed my mind")


async def test_what_did_not_happen_is_not_recorded(journal, database, meter):
    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_ones_mind(journal, database)
    nobody = Guard(
        store.audit_logs,
        key=store.audit_logs.c.id,
        where=store.audit_logs.c.sequence == 0,
        values={"sequence": 1},
    )
    lost = Change(guard=(nobody, {"key": "evt_none"}))
    await journal.record(lost, signed_in(), actor=ADA, origin=NOWHERE)

    assert not await database.commit(lost)

    assert await names(database) == []
    assert account(meter, Durability.COMMITTED) == (0, 0, 0, 0)
    assert meter.value(LOGINS, "password", "admitted") == 0


async def test_an_event_is_kept_the_way_it_declares_and_no_other(journal):
    with pytest.raises(TypeError, match="LoginRefused is spooled"):
        await journal.record(Change(), refused(), actor=ANONYMOUS, origin=NOWHERE)
    with pytest.raises(TypeError, match="LoginSucceeded is committed"):
        journal.spool(signed_in(), actor=ADA, origin=NOWHERE)


async def test_a_spooled_event_is_on_disk_at_once_and_a_row_soon_after(
    journal, database, meter, tmp_path
):
    spool(journal, "eve")

    assert b"eve" in (tmp_path / "spool" / "0.seg").read_bytes()
    assert account(meter) == (1, 0, 1, 0)
    assert meter.value(LOGINS, "password", "wrong_password") == 1
    await until(lambda: are_rows(database, ["eve"]), seconds=3)
    assert account(meter) == (1, 1, 0, 0)


async def test_a_hundred_events_do_not_wait_for_the_second(journal, database):
    spool(journal, *map(str, range(100)))

    await until(lambda: are_rows(database, sorted(map(str, range(100)))), seconds=0.7)


async def test_closing_writes_all_that_waits_and_leaves_no_file(desk, database, meter):
    journal = desk.journal(meter)
    await journal.open()
    spool(journal, *map(str, range(250)))

    await journal.close()

    assert len(await names(database)) == 250
    assert account(meter) == (250, 250, 0, 0)
    assert list((desk.data_dir / "spool").iterdir()) == []


async def test_an_event_before_the_opening_or_after_the_closing_is_kept(desk, database, meter):
    journal = desk.journal(meter)
    spool(journal, "early")
    await journal.open()
    await journal.close()
    spool(journal, "late")
    assert account(meter) == (2, 1, 1, 0)
    journal._writer._own.release()

    successor = desk.journal(Meter(METRICS))
    await successor.open()
    await successor.close()

    assert await names(database) == ["early", "late"]


async def test_at_every_moment_what_was_emitted_is_stored_in_flight_or_dropped(
    journal, database, meter
):
    async def some(number: int) -> None:
        for each in range(40):
            if each % 2:
                spool(journal, f"{number}-{each}")
            else:
                change = Change()
                await journal.record(change, signed_in(), actor=ADA, origin=NOWHERE)
                await database.commit(change)
            await asyncio.sleep(0)

    everyone = asyncio.gather(*map(some, range(10)))
    while not everyone.done():
        account(meter)
        account(meter, Durability.COMMITTED)
        await asyncio.sleep(0)
    await journal.flush()

    assert account(meter) == (200, 200, 0, 0)
    assert account(meter, Durability.COMMITTED) == (200, 200, 0, 0)
    assert len(await names(database)) == 400


async def test_switched_off_nothing_is_written_and_metrics_still_move(desk, database, meter):
    journal = desk.journal(meter, enabled=False)
    await journal.open()
    spool(journal, "eve")
    change = Change()
    await journal.record(change, signed_in(), actor=ADA, origin=NOWHERE)
    await database.commit(change)
    await journal.flush()
    await journal.close()

    assert await names(database) == []
    assert not (desk.data_dir / "spool").exists()
    assert account(meter) == account(meter, Durability.COMMITTED) == (0, 0, 0, 0)
    assert meter.value(LOGINS, "password", "wrong_password") == 1
    assert meter.value(LOGINS, "password", "admitted") == 1


async def test_odd_values_cost_neither_their_own_row_nor_a_neighbours(journal, database, meter):
    odd = ["nul\0", "\ud800", "x" * 9999, "é" * 300, "\x85\u2028", "'; --", "🎉"]
    spool(journal, "before", *odd, "after", origin=Origin("\0", "\udfff" * 600, path="/\0"))
    machine = Actor.client("client:" + "1" * 36, "\0" * 400)
    change = Change()
    await journal.record(change, signed_in("\ud800" * 300), actor=machine, origin=NOWHERE)

    assert await database.commit(change)
    await journal.flush()

    assert len(await names(database)) == len(odd) + 3
    assert account(meter) == (9, 9, 0, 0)
    (row,) = await pages.page(database, Search(actor=only(machine.id)), count=10)
    assert (row.actor_name or "").startswith("\ufffd")


async def test_events_are_logged_at_their_weight_without_what_people_typed(journal, caplog):
    caplog.set_level(logging.DEBUG, "gatewatch.audit")
    spool(journal, "typed-by-eve")

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("gatewatch.audit", "INFO")
    assert record.getMessage() == "auth.login.failed"
    assert "typed-by-eve" not in str(record.__dict__)


async def test_events_of_one_process_are_numbered_in_order(journal, database):
    spool(journal, "one", "two", "three")
    await journal.flush()

    rows = await pages.page(database, Search(), count=10)

    assert sorted((row.sequence, row.resource_name) for row in rows) == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert {row.emitter for row in rows} == {"test-0"}
