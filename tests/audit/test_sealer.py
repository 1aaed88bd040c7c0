"""The sealer: every event gets its place, once, whoever seals and in whatever order events come."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Integer, bindparam, select
from tests.audit.desk import ADA, refused, signed_in
from tests.audit.sealing import SOMEWHERE, Office

from gatewatch.audit import gaps, seal_store, store
from gatewatch.audit import sealer as sealer_module
from gatewatch.audit.heads import ours
from gatewatch.audit.leaf import digest
from gatewatch.audit.note import Verifier, notes
from gatewatch.audit.tree import Tree
from gatewatch.backends.database import Change, Statement
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.catalogue.metrics import AUDIT_SEAL_LAG, AUDIT_TREE_SIZE
from gatewatch.kernel.actor import NOWHERE

FIRST = "audit.sealing_began"
REMOVE = Statement(store.audit_logs.delete().where(store.audit_logs.c.id == bindparam("event_id")))
_SIZE = bindparam("size", type_=Integer)
ROLL_BACK = [
    Statement(
        store.audit_logs.delete().where(
            store.audit_logs.c.id.in_(
                select(seal_store.audit_seals.c.event_id).where(
                    seal_store.audit_seals.c.position >= _SIZE
                )
            )
        )
    ),
    Statement(seal_store.audit_seals.delete().where(seal_store.audit_seals.c.position >= _SIZE)),
    Statement(
        seal_store.audit_checkpoints.delete().where(seal_store.audit_checkpoints.c.size > _SIZE)
    ),
    Statement(seal_store.audit_trees.update().values(size=_SIZE)),
]
BEND = Statement(
    seal_store.audit_seals.update()
    .where(seal_store.audit_seals.c.position < _SIZE)
    .values(digest=b"\0" * 32)
)


async def whole(office: Office) -> None:
    """Make sure that every event has one seal, in a tree that is signed."""
    rows = {row.id: row for row in await office.rows()}
    seals, tree, checkpoint = (await office.seals(), await office.tree(), await office.checkpoint())
    assert sorted(rows) == sorted(seal.event_id for seal in seals)
    assert [seal.position for seal in seals] == list(range(len(seals)))
    assert {seal.event_id: seal.digest for seal in seals} == {
        seal.event_id: digest(rows[seal.event_id], seal.salt) for seal in seals
    }
    grown = Tree()
    grown.extend(seal.leaf_hash for seal in seals[tree.first :])
    key = await seal_store.key(office.database, tree.key_id)
    signed = Verifier(tree.origin, key.public).open(checkpoint.note)
    assert (signed.size, signed.root) == (tree.size, grown.root())


async def test_events_are_sealed_in_a_tree_that_is_signed(office):
    sealer = office.sealer()
    await office.record("a", "b", "c")
    # The fourth is that sealing began.
    assert await sealer.run_once() + await sealer.run_once() == 4
    assert await sealer.run_once() == 0
    await whole(office)
    assert (await office.tree()).origin == "auth.example.com/audit/1"
    assert await office.actions() == ["auth.login", "auth.login", "auth.login", FIRST]
    assert office.meter.value(AUDIT_TREE_SIZE) == 4


async def test_spooled_events_are_sealed_once_they_are_rows(office, journal):
    journal.spool(refused(), actor=ADA, origin=SOMEWHERE)
    await journal.flush()
    sealer = office.sealer()
    await sealer.run_once()
    await sealer.run_once()
    await whole(office)


async def test_nothing_happens_where_nothing_happened(office):
    assert await office.sealer().run_once() == 0
    assert await seal_store.tree(office.database) is None


async def test_many_are_sealed_a_batch_at_a_time(office, monkeypatch):
    monkeypatch.setattr(sealer_module, "BATCH", 4)
    monkeypatch.setattr(sealer_module, "STRETCH", 6)
    await office.record(*(f"acc_{n}" for n in range(21)))
    office.clock.advance(days=3)
    await office.record("new")
    sealer = office.sealer()
    await sealer.run_once()
    await sealer.run_once()
    await whole(office)
    assert (await office.seals())[0].event_id == (await office.rows())[21].id


async def test_a_late_event_is_found_sooner_or_later(office, monkeypatch):
    monkeypatch.setattr(sealer_module, "STRETCH", 6)
    await office.record(*(f"acc_{n}" for n in range(40)))
    sealer = office.sealer()
    await sealer.run_once()
    early = (await office.rows())[3]
    late = msgspec.structs.replace(early, id=early.id[:-2] + "zz", sequence=1000)
    office.clock.advance(hours=5)
    await store.add(office.database, [late])
    passes = 0
    while late.id not in {seal.event_id for seal in await office.seals()}:
        await sealer.run_once()
        passes += 1
        assert passes <= 3 * sealer_module.NOW_AND_THEN
    await whole(office)


async def test_of_two_sealers_one_seals_at_a_time(office):
    one, two = office.sealer("one"), office.sealer("two")
    await office.record("a")
    assert await one.run_once() == 2
    await office.record("b")
    assert await two.run_once() == 0
    assert office.meter.value(AUDIT_SEAL_LAG) > 0
    office.clock.advance(seconds=11)
    assert await two.run_once() == 1
    await office.record("c")
    assert await one.run_once() == 0
    assert await two.run_once() == 1
    await whole(office)


async def test_two_who_both_hold_the_lease_are_told_apart_by_the_tree(office, tmp_path):
    sealers = [
        office.sealer(name, data_dir=office.desk.data_dir, ephemeral=MemoryEphemeral(office.clock))
        for name in ("one", "two", "three")
    ]
    for number in range(12):
        await office.record(*(f"acc_{number}_{n}" for n in range(3)))
        await asyncio.gather(*(each.run_once() for each in sealers))
    for each in sealers:
        await each.run_once()
    await sealers[0].run_once()
    await whole(office)
    assert (await office.actions()).count(FIRST) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite's do not overlap
async def test_a_long_transaction_is_not_missed(office):
    sealer = office.sealer()
    await office.record("before")
    async with office.database.work() as work:
        await office.journal.record(work, signed_in("slow"), actor=ADA, origin=NOWHERE)
        office.clock.advance(seconds=1)

        async def meanwhile() -> None:
            await office.record("fast")
            await sealer.run_once()

        await asyncio.create_task(meanwhile())
        assert len(await office.seals()) == 3
    await sealer.run_once()
    assert len(await office.seals()) == 4
    await whole(office)
    await sealer.run_once()
    assert "audit.gap_found" not in await office.actions()


async def test_changes_that_come_to_nothing_are_no_gap(office, journal):
    sealer = office.sealer()
    for number in range(5):
        await office.record(f"acc_{number}")
        lost = Change()
        await journal.record(lost, signed_in("lost"), actor=ADA, origin=NOWHERE)
        journal.spool(refused(f"r{number}"), actor=ADA, origin=NOWHERE)
        await journal.flush()
    await sealer.run_once()
    await sealer.run_once()
    await whole(office)
    assert "audit.gap_found" not in await office.actions()


async def remove(office: Office, event_id: str) -> None:
    """Do what somebody with a shell on the database does."""
    async with office.database.work() as work:
        await work.run(REMOVE, event_id=event_id)


async def test_what_is_removed_before_it_is_sealed_leaves_a_gap(office, journal):
    sealer = office.sealer()
    await office.record("a", "b", "c")
    gone = (await office.rows())[1]
    await remove(office, gone.id)
    await office.record("d")
    await sealer.run_once()
    await sealer.run_once()
    assert (await office.actions()).count("audit.gap_found") == 1
    gap = next(row for row in await office.rows() if row.action == "audit.gap_found")
    assert gap.severity == "CRITICAL"
    assert gap.metadata == {
        "emitter": gone.emitter,
        "missing": 1,
        "sequences": [gone.sequence],
    }
    await sealer.run_once()
    await sealer.run_once()
    assert (await office.actions()).count("audit.gap_found") == 1


async def test_a_gap_is_found_by_whoever_seals_next(office):
    await office.record("a")
    one = office.sealer()
    await one.run_once()
    await office.record("b", "c")
    await remove(office, next(row.id for row in await office.rows() if row.resource_id == "b"))
    await one.close()
    two = office.sealer("two", ephemeral=MemoryEphemeral(office.clock))
    await office.record("d")
    await two.run_once()
    assert "audit.gap_found" in await office.actions()


async def test_what_was_purged_after_it_was_sealed_is_no_gap(office):
    sealer = office.sealer()
    await office.record("a", "b", "c")
    await sealer.run_once()
    await remove(office, (await office.rows())[0].id)
    await office.record("d")
    await sealer.run_once()
    await sealer.run_once()
    assert "audit.gap_found" not in await office.actions()


async def test_a_witness_file_has_every_checkpoint(office, tmp_path):
    path = tmp_path / "witness"
    sealer = office.sealer(witness_file=path)
    for name in "abc":
        await office.record(name)
        await sealer.run_once()
    told = notes(path.read_text())
    tree = await office.tree()
    key = await seal_store.key(office.database, tree.key_id)
    verifier = Verifier(tree.origin, key.public)
    sizes = [ours(note, verifier).size for note in told]
    assert sizes == sorted(sizes)
    assert sizes[-1] == tree.size
    assert (office.desk.data_dir / "audit-checkpoint").read_text() == told[-1]


async def test_a_database_that_was_restored_begins_an_epoch(office, tmp_path):
    sealer = office.sealer()
    await office.record("a", "b")
    await sealer.run_once()
    tree, checkpoint = await office.tree(), await office.checkpoint()
    await office.record("c")
    await sealer.run_once()
    signed = await office.checkpoint()
    await roll_back(office, tree.size)
    assert (await office.tree()).size == checkpoint.size == 3

    later = office.sealer("later", ephemeral=MemoryEphemeral(office.clock))
    await office.record("d")
    await later.run_once()
    await later.run_once()

    new = await office.tree()
    assert (new.epoch, new.first, new.origin) == (2, 3, "auth.example.com/audit/2")
    told = next(row for row in await office.rows() if row.action == "audit.rolled_back")
    assert told.severity == "CRITICAL"
    assert told.metadata["found"] == "auth.example.com/audit/1 3"
    assert told.metadata["signed"].startswith("auth.example.com/audit/1 4 ")
    assert signed.size == 4
    assert told.id in {seal.event_id for seal in (await office.seals())[new.first :]}
    assert new.size == len(await office.seals()) - new.first


async def roll_back(office: Office, size: int) -> None:
    """Make the database what it was when the tree had so many leaves."""
    async with office.database.work() as work:
        for statement in ROLL_BACK:
            await work.run(statement, size=size)


async def test_a_tree_that_is_not_the_one_that_was_signed_is_not_signed_on(office):
    sealer = office.sealer()
    await office.record("a", "b")
    await sealer.run_once()
    await sealer.run_once()
    async with office.database.work() as work:
        await work.run(BEND, size=1)
    another = office.sealer("another", ephemeral=MemoryEphemeral(office.clock))
    await office.record("c")
    await another.run_once()
    # The last checkpoint and its peaks are as they were: what was bent lies before them.
    assert (await office.tree()).epoch == 1


@pytest.mark.parametrize("minutes", [0, 120])
def test_an_emitter_that_is_not_known_is_judged_only_if_it_is_new(minutes):
    from tests.audit.test_leaf import ROW

    born = int((ROW.created_at - timedelta(minutes=minutes)).timestamp() * 1000)
    row = msgspec.structs.replace(ROW, emitter=f"emt_{born:012x}00", kept_before=7)
    emitters = gaps.Emitters()
    emitters.count(row)
    assert emitters.short() == ([row.emitter] if minutes == 0 else [])


def test_emitters_that_are_long_gone_are_forgotten():
    from tests.audit.test_leaf import ROW

    emitters = gaps.Emitters()
    for number in range(gaps.REMEMBERED + 50):
        at = ROW.created_at + timedelta(minutes=number)
        emitters.count(msgspec.structs.replace(ROW, emitter=f"e{number}", created_at=at))
    written = emitters.written()
    assert len(written) == gaps.REMEMBERED
    assert "e0" not in written
    assert gaps.Emitters.read(written).written() == written
