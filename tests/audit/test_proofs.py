"""Receipts and evidence: what anybody can verify with the public key alone."""

import copy

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.audit.sealing import VAULT, Office
from tests.kit.house import OPERATOR

from gatewatch.audit import offline, receipt
from gatewatch.audit.findings import Kind
from gatewatch.audit.leaf import named, take
from gatewatch.audit.note import Verifier
from gatewatch.audit.proofs import Proofs
from gatewatch.audit.receipt import InvalidReceiptError
from gatewatch.audit.seal_store import take as take_away
from gatewatch.audit.verify import Verify
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Refusal

BY = {"by": OPERATOR, "origin": NOWHERE}


@pytest.fixture
async def sealed(office: Office) -> Office:
    sealer = office.sealer()
    for number in range(5):
        await office.record(*(f"acc_{number}_{n}" for n in range(3)))
        await sealer.run_once()
    await sealer.close()
    return office


@pytest.fixture
def proofs(sealed) -> Proofs:
    return Proofs(sealed.database, VAULT, sealed.sealer()._heads)


@pytest.fixture
async def lines(proofs) -> list[dict]:
    """All evidence, as somebody elsewhere reads it."""
    return [msgspec.json.decode(msgspec.json.encode(line)) async for line in proofs.evidence(**BY)]


@pytest.fixture
async def key(proofs) -> Verifier:
    return (await proofs.keys())[-1]


def written(tmp_path, lines):
    path = tmp_path / "evidence.ndjson"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def told(report) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.where) for finding in report.findings]


async def test_every_event_has_a_receipt_that_proves_it(sealed, proofs, key):
    for row in await sealed.rows():
        proof = msgspec.json.decode(msgspec.json.encode(await proofs.receipt(row.id, **BY)))
        assert receipt.verify(proof, key) == row
        assert Verifier.read(proof["key"]) == key


async def test_a_receipt_proves_nothing_else(sealed, proofs, key):
    rows = await sealed.rows()
    good = msgspec.json.decode(msgspec.json.encode(await proofs.receipt(rows[7].id, **BY)))
    other = msgspec.json.decode(msgspec.json.encode(await proofs.receipt(rows[1].id, **BY)))

    def bent(**values) -> dict:
        return {**copy.deepcopy(good), **values}

    edited = bent(event={**good["event"], "actor_user_id": "acc_eve"})
    with pytest.raises(InvalidReceiptError, match="not the one that was sealed"):
        receipt.verify(edited, key)
    for wrong in (
        bent(event=other["event"], seal=other["seal"]),
        bent(index=good["index"] + 1),
        bent(proof=good["proof"][:-1]),
        bent(proof=good["proof"][::-1]),
    ):
        with pytest.raises(InvalidReceiptError, match="not in the tree"):
            receipt.verify(wrong, key)
    stranger = Verifier(key.name, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(InvalidReceiptError, match="not signed by this key"):
        receipt.verify(good, stranger)
    for wrong in ({}, bent(seal=None), bent(event=None), bent(proof="x"), bent(checkpoint="x")):
        with pytest.raises(InvalidReceiptError):
            receipt.verify(wrong, key)


async def test_an_event_that_is_not_there_or_not_sealed_has_no_receipt(sealed, proofs):
    with pytest.raises(Refusal, match="not_found"):
        await proofs.receipt("evt_none", **BY)
    await sealed.record("new")
    with pytest.raises(Refusal, match="not_sealed"):
        await proofs.receipt((await sealed.rows())[-1].id, **BY)


async def test_evidence_is_sound_with_the_key_alone(lines, key, tmp_path, sealed):
    report = offline.verify(written(tmp_path, lines), key)
    assert told(report) == []
    assert (report.events, report.checkpoints) == (16, 6)
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    assert offline.verify(written(tmp_path, lines), key, [signed]).sound
    assert offline.verify(written(tmp_path, lines[::-1]), key).sound


async def test_an_export_with_seals_needs_nothing_but_one_checkpoint(lines, key, tmp_path, sealed):
    export = [{**line["event"], "seal": line["seal"]} for line in lines if "event" in line]
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    report = offline.verify(written(tmp_path, export), key, [signed])
    assert (told(report), report.events) == ([], 16)
    del export[4]
    report = offline.verify(written(tmp_path, export), key, [signed])
    assert told(report) == [(Kind.UNSEALED, "position 4")]
    alone = offline.verify(written(tmp_path, export), key)
    assert told(alone) == [(Kind.FORGED, "positions 0 to 15")]


def of(lines, position: int) -> dict:
    return next(line for line in lines if "seal" in line and line["seal"]["position"] == position)


def edit(bent):
    of(bent, 6)["event"]["actor_user_id"] = "acc_eve"


def remove(bent):
    bent.remove(of(bent, 6))


def empty(bent):
    of(bent, 6)["event"] = None


def swap(bent):
    one, two = of(bent, 5), of(bent, 6)
    one["seal"]["position"], two["seal"]["position"] = 6, 5


def insert(bent):
    bent.append(copy.deepcopy(of(bent, 6)))


def spoil(bent):
    of(bent, 6)["event"]["sequence"] = "x"


def truncate(bent):
    for position in (13, 14, 15):
        bent.remove(of(bent, position))


def forge(bent):
    told = [line["checkpoint"] for line in bent if "checkpoint" in line]
    checkpoint = next(each for each in told if each["size"] == 4)
    checkpoint["note"] = checkpoint["note"].replace("\n4\n", "\n5\n", 1)


@pytest.mark.parametrize(
    ("tamper", "kind", "where"),
    [
        (edit, Kind.CHANGED, "{event}"),
        (remove, Kind.UNSEALED, "position 6"),
        (empty, Kind.REMOVED, "{event}"),
        (swap, Kind.REORDERED, "{before}"),
        (insert, Kind.INSERTED, "{event}"),
        (spoil, Kind.CHANGED, "{event}"),
        (truncate, Kind.UNSEALED, "position 13 to 15"),
        (forge, Kind.FORGED, "auth.example.com/audit/1 4"),
    ],
)
async def test_whatever_is_done_to_evidence_is_located(lines, key, tmp_path, tamper, kind, where):
    event, before = (of(lines, at)["seal"]["event_id"] for at in (6, 5))
    tamper(lines)
    found = told(offline.verify(written(tmp_path, lines), key))
    assert found[0] == (kind, where.format(event=event, before=before))
    assert tamper is spoil or len(found) == 1


async def test_a_checkpoint_kept_elsewhere_shows_a_shorter_tree_and_another_key(
    lines, key, tmp_path, sealed
):
    signed = (sealed.desk.data_dir / "audit-checkpoint").read_text()
    for line in lines:
        if "tree" in line:
            line["tree"]["size"] = 13
    lines = [line for line in lines if "seal" not in line or line["seal"]["position"] < 13]
    report = offline.verify(written(tmp_path, lines), key, [signed])
    assert told(report) == [(Kind.TRUNCATED, "auth.example.com/audit/1 16")]

    stranger = Verifier(key.name, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    report = offline.verify(written(tmp_path, lines), stranger)
    assert {kind for kind, _ in told(report)} == {Kind.FORGED}


async def test_a_line_that_is_none_is_located(lines, key, tmp_path):
    path = written(tmp_path, lines)
    path.write_bytes(path.read_bytes() + b"{\n")
    assert told(offline.verify(path, key)) == [(Kind.CHANGED, f"line {len(lines) + 1}")]


async def test_values_are_taken_away_and_the_proof_stands(sealed, proofs, key, tmp_path):
    row = (await sealed.rows())[2]
    before = await proofs.receipt(row.id, **BY)
    salt = before["seal"]["salt"]
    personal = {"actor_name", "ip_address", "user_agent", "resource_name", "metadata.email"}
    seal_salt = msgspec.convert(salt, bytes)
    taken = take(row, seal_salt, personal)
    columns = {name: None for name in personal if not name.startswith("metadata.")}
    metadata = {**row.metadata, "email": None}
    rest = msgspec.structs.replace(row, **columns, metadata=metadata)
    async with sealed.database.work() as work:
        await take_away(work, row.id, msgspec.to_builtins(taken), rest)

    report = await Verify(sealed.database, VAULT).run()
    assert (told(report), report.erased) == ([], 1)
    after = msgspec.json.decode(msgspec.json.encode(await proofs.receipt(row.id, **BY)))
    assert receipt.verify(after, key) == rest
    assert "ada@example.com" not in str(after)
    assert dict(named(rest))["metadata.email"] is None
    lines = [line async for line in proofs.evidence(**BY)]
    assert offline.verify(written(tmp_path, lines), key).sound
