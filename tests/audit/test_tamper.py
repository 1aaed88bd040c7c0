"""Tampering: whatever is done to the log, it is noticed, and where."""

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import BigInteger, Integer, Text, bindparam
from tests.audit.sealing import VAULT, Office
from tests.audit.test_sealer import REMOVE, roll_back

from gatewatch.audit import seal_store, store
from gatewatch.audit.findings import Kind, Report
from gatewatch.audit.formats import Observer
from gatewatch.audit.note import Checkpoint, Signer
from gatewatch.audit.retention import Retention
from gatewatch.audit.seal_store import audit_checkpoints, audit_keys, audit_seals, audit_trees
from gatewatch.audit.search import Search
from gatewatch.audit.store import audit_logs
from gatewatch.audit.tree import Tree
from gatewatch.audit.verify import Verify
from gatewatch.backends.database import Change, Digest, Document, Insert, Statement
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.settings import AuditSettings

EVENT = bindparam("event_id", type_=Text)
AT = bindparam("at", type_=BigInteger)
VALUE = bindparam("value", type_=Digest)
EDIT = Statement(audit_logs.update().where(audit_logs.c.id == EVENT).values(actor_id="acc_eve"))
EDIT_FIELD = Statement(
    audit_logs.update()
    .where(audit_logs.c.id == EVENT)
    .values(metadata=bindparam("value", type_=Document))
)
RESEAL = Statement(audit_seals.update().where(audit_seals.c.position == AT).values(digest=VALUE))
MOVE = Statement(
    audit_seals.update()
    .where(audit_seals.c.position == AT)
    .values(position=bindparam("to", type_=BigInteger))
)
UNSEAL = Statement(audit_seals.delete().where(audit_seals.c.position == AT))
NOTE = Statement(
    audit_checkpoints.update()
    .where(audit_checkpoints.c.size == bindparam("size", type_=Integer))
    .values(note=bindparam("note", type_=Text))
)
NO_CHECKPOINT = Statement(
    audit_checkpoints.delete().where(audit_checkpoints.c.size == bindparam("size", type_=Integer))
)
KEY = Statement(audit_keys.update().values(public_key=VALUE))
PRIVATE = Statement(audit_keys.update().values(private_key=VALUE))


@pytest.fixture
async def sealed(office: Office) -> Office:
    """Twelve events, sealed three at a time; the fourth is that sealing began."""
    sealer = office.sealer()
    for number in range(4):
        await office.record(*(f"acc_{number}_{n}" for n in range(3)))
        await sealer.run_once()
        office.clock.advance(minutes=30)
    await sealer.close()
    return office


async def verify(office: Office, **given) -> Report:
    return await Verify(office.database, VAULT).run(**given)


async def run(office: Office, statement: Statement, **given) -> None:
    """Do what somebody with a shell on the database does."""
    async with office.database.work() as work:
        await work.run(statement, **given)


def told(report: Report) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.where) for finding in report.findings]


async def test_a_log_that_nobody_touched_is_sound(sealed):
    report = await verify(sealed)
    assert (told(report), report.remarks) == ([], [])
    assert (report.events, report.waiting, report.purged) == (13, 0, 0)
    assert report.checkpoints == 5
    assert report.trees == ["auth.example.com/audit/1 13"]


async def test_a_log_that_was_never_sealed_waits(office):
    await office.record("a")
    report = await verify(office)
    assert (report.sound, report.waiting, report.trees) == (True, 1, [])


async def test_what_was_recorded_just_now_waits(sealed):
    await sealed.record("new")
    report = await verify(sealed)
    assert (report.sound, report.waiting) == (True, 1)


async def test_an_edited_event_is_located(sealed):
    event = (await sealed.rows())[5]
    await run(sealed, EDIT, event_id=event.id)
    assert told(await verify(sealed)) == [(Kind.CHANGED, event.id)]


async def test_an_edited_field_is_located(sealed):
    event = (await sealed.rows())[7]
    await run(sealed, EDIT_FIELD, event_id=event.id, value={**event.metadata, "method": "x"})
    assert told(await verify(sealed)) == [(Kind.CHANGED, event.id)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # jsonb takes JSON alone
async def test_an_event_that_can_no_longer_be_read_is_located(sealed):
    event = (await sealed.rows())[7]
    async with sealed.database.work() as work:
        await work.run(
            Statement(
                audit_logs.update().where(audit_logs.c.id == EVENT),
                sqlite="UPDATE audit_logs SET metadata = '{' WHERE id = :event_id",
            ),
            event_id=event.id,
        )
    assert told(await verify(sealed)) == [(Kind.CHANGED, event.id)]


async def test_a_deleted_event_is_located(sealed):
    event = (await sealed.rows())[2]
    await run(sealed, REMOVE, event_id=event.id)
    assert told(await verify(sealed)) == [(Kind.REMOVED, event.id)]


async def test_several_deleted_events_are_each_located(sealed):
    gone = [(await sealed.rows())[at] for at in (1, 6, 12)]
    for event in gone:
        await run(sealed, REMOVE, event_id=event.id)
    seals = await sealed.seals()
    order = sorted(gone, key=lambda row: [seal.event_id for seal in seals].index(row.id))
    assert told(await verify(sealed)) == [(Kind.REMOVED, event.id) for event in order]


async def test_an_edited_event_whose_seal_was_edited_too_is_located_between_checkpoints(sealed):
    seals = await sealed.seals()
    await run(sealed, EDIT, event_id=seals[6].event_id)
    row = await store.by_id(sealed.database, seals[6].event_id)
    from gatewatch.audit.leaf import digest

    await run(sealed, RESEAL, at=6, value=digest(row, seals[6].salt))
    assert told(await verify(sealed)) == [(Kind.RESEALED, "positions 4 to 6")]


async def test_two_places_are_both_located(sealed):
    await run(sealed, RESEAL, at=5, value=b"\1" * 32)
    await run(sealed, RESEAL, at=11, value=b"\2" * 32)
    seals = await sealed.seals()
    assert told(await verify(sealed)) == [
        (Kind.CHANGED, seals[5].event_id),
        (Kind.RESEALED, "positions 4 to 6"),
        (Kind.CHANGED, seals[11].event_id),
        (Kind.RESEALED, "positions 10 to 12"),
    ]


async def test_reordered_seals_are_located(sealed):
    seals = await sealed.seals()
    for at, to in ((8, 1000), (9, 8), (1000, 9)):
        await run(sealed, MOVE, at=at, to=to)
    assert told(await verify(sealed)) == [(Kind.REORDERED, seals[8].event_id)]


async def test_an_event_and_its_seal_that_are_both_gone_are_located(sealed):
    seals = await sealed.seals()
    await run(sealed, REMOVE, event_id=seals[8].event_id)
    await run(sealed, UNSEAL, at=8)
    report = await verify(sealed)
    assert (Kind.UNSEALED, "position 8") in told(report)


async def test_an_inserted_event_is_located(sealed):
    rows = await sealed.rows()
    import msgspec

    fake = msgspec.structs.replace(rows[1], id=rows[1].id[:-2] + "zz", sequence=77)
    await store.add(sealed.database, [fake])
    assert told(await verify(sealed)) == [(Kind.INSERTED, fake.id)]


async def test_an_inserted_event_with_a_number_that_is_taken_is_located_when_it_is_sealed(sealed):
    rows = await sealed.rows()
    import msgspec

    fake = msgspec.structs.replace(rows[1], id=rows[1].id[:-2] + "zz", actor_id="acc_eve")
    await store.add(sealed.database, [fake])
    sealer = sealed.sealer("later")
    sealed.clock.advance(minutes=1)
    await sealer.sweep()
    assert told(await verify(sealed)) == [(Kind.INSERTED, fake.id)]


async def test_an_inserted_seal_is_located(sealed):
    seals = await sealed.seals()
    change = Change()
    change.add(
        Insert(audit_seals),
        {"position": 13, "event_id": "evt_0", "digest": b"\0" * 32, "salt": None, "taken": None},
    )
    await sealed.database.commit(change)
    assert len(seals) == 13
    assert told(await verify(sealed)) == [(Kind.INSERTED, "positions 13 to 13")]


async def test_a_truncated_tree_is_known_by_a_checkpoint_kept_elsewhere(sealed):
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    await roll_back(sealed, 7)
    assert told(await verify(sealed)) == []
    report = await verify(sealed, notes=[signed])
    assert told(report) == [(Kind.TRUNCATED, "auth.example.com/audit/1 13")]


async def test_a_rollback_that_the_log_tells_of_is_a_remark(sealed):
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    await roll_back(sealed, 7)
    sealer = sealed.sealer("later", ephemeral=MemoryEphemeral(sealed.clock))
    await sealed.record("after")
    await sealer.run_once()
    await sealer.run_once()
    report = await verify(sealed, notes=[signed])
    assert [kind for kind, _ in told(report) if kind is not Kind.GAP] == []
    assert report.trees == [
        "auth.example.com/audit/1 7",
        f"auth.example.com/audit/2 {report.events - 7}",
    ]
    assert any("audit.rolled_back" in remark for remark in report.remarks)


async def test_a_tree_rolled_back_and_grown_again_is_not_the_one_that_was_signed(sealed, tmp_path):
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    await roll_back(sealed, 7)
    (tmp_path / "elsewhere").mkdir()
    sealer = sealed.sealer(
        "eve", data_dir=tmp_path / "elsewhere", ephemeral=MemoryEphemeral(sealed.clock)
    )
    await sealed.record(*(f"acc_other_{n}" for n in range(9)))
    await sealer.run_once()
    report = await verify(sealed, notes=[signed])
    assert (Kind.RESEALED, "auth.example.com/audit/1 13") in told(report)


async def test_a_swapped_key_is_found(sealed):
    await run(sealed, KEY, value=Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert [kind for kind, _ in told(await verify(sealed))] == [Kind.KEY_SWAPPED]


async def test_a_key_of_another_installation_is_found(sealed):
    other = Ed25519PrivateKey.generate()
    await run(sealed, PRIVATE, value=other.private_bytes_raw())
    report = await verify(sealed, public=other.public_key().public_bytes_raw())
    assert told(report)[0][0] is Kind.KEY_SWAPPED
    assert {kind for kind, _ in told(report)[1:]} == {Kind.FORGED}


async def test_a_forged_checkpoint_is_located(sealed):
    signer = Signer(Ed25519PrivateKey.generate())
    seals = await sealed.seals()
    tree = Tree()
    tree.extend(seal.leaf_hash for seal in seals[:7])
    note = signer.sign(Checkpoint("auth.example.com/audit/1", 7, tree.root()))
    await run(sealed, NOTE, size=7, note=note)
    assert told(await verify(sealed)) == [(Kind.FORGED, "auth.example.com/audit/1 7")]


async def test_a_checkpoint_that_says_something_else_is_located(sealed):
    tree = await sealed.tree()
    found = await seal_store.checkpoint(sealed.database, tree.epoch, 7)
    signed = Checkpoint.read(found.note)
    bent = found.note.replace(
        base64.b64encode(signed.root).decode(), base64.b64encode(b"\3" * 32).decode()
    )
    await run(sealed, NOTE, size=7, note=bent)
    assert told(await verify(sealed)) == [(Kind.FORGED, "auth.example.com/audit/1 7")]


async def test_leaves_whose_checkpoint_is_gone_are_located(sealed):
    await run(sealed, NO_CHECKPOINT, size=13)
    assert told(await verify(sealed)) == [(Kind.FORGED, "positions 10 and after")]


async def test_what_a_purge_in_the_log_accounts_for_is_no_removal(sealed, journal, meter):
    retention = Retention(
        sealed.database,
        journal,
        meter,
        AuditSettings(retention=timedelta(minutes=45)),
        Observer.here("https://auth.example.com"),
        lambda _query: Search(),
    )
    removed = await retention.sweep(sealed.clock.now())
    await journal.flush()
    sealer = sealed.sealer("later", ephemeral=MemoryEphemeral(sealed.clock))
    await sealer.run_once()
    report = await verify(sealed)
    assert told(report) == []
    assert (report.purged, removed) == (removed, report.purged)
    assert removed > 0

    newest = (await sealed.rows())[-2]
    await run(sealed, REMOVE, event_id=newest.id)
    assert told(await verify(sealed)) == [(Kind.REMOVED, newest.id)]


async def test_what_was_removed_before_it_was_sealed_is_told(office):
    sealer = office.sealer()
    await office.record("a", "b", "c")
    gone = next(row for row in await office.rows() if row.resource_id == "b")
    await run(office, REMOVE, event_id=gone.id)
    await office.record("d")
    await sealer.run_once()
    await office.journal.flush()
    await sealer.run_once()
    report = await verify(office)
    assert report.sound
    (remark,) = report.remarks
    assert f"missing 1, sequences [{gone.sequence}]" in remark
    assert audit_trees is not None
