"""Leaves: what they bind, and what may be taken away without unbinding it."""

from dataclasses import dataclass
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.desk import ADA, signed_in
from tests.kit.house import NOON

from gatewatch.audit import leaf
from gatewatch.audit.row import AuditRow, Stamp, compose
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.ids import EventId

SALT = b"0123456789abcdef"
ORIGIN = Origin(address="198.51.100.7", user_agent="curl/8.5.0", path="/v1/auth/login")
ROW = compose(signed_in(), Stamp(EventId("evt_1"), NOON, "emt_1", 7, 6), ADA, ORIGIN)


def changed(**values) -> AuditRow:
    return msgspec.structs.replace(ROW, **values)


@dataclass(frozen=True)
class Other:
    name: str
    value: object


OTHERS = [
    Other("created_at", NOON.replace(microsecond=1)),
    Other("action", "auth.logout"),
    Other("actor_name", "eve@example.com"),
    Other("actor_name", None),
    Other("ip_address", "198.51.100.8"),
    Other("sequence", 8),
    Other("emitter", "emt_2"),
    Other("kept_before", 5),
    Other("metadata", {}),
    Other("metadata", {**ROW.metadata, "method": "other"}),
    Other("metadata", {**ROW.metadata, "more": None}),
    Other("reason", ""),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.name)
def test_a_digest_is_of_every_value(other) -> None:
    assert leaf.digest(changed(**{other.name: other.value}), SALT) != leaf.digest(ROW, SALT)


def test_a_leaf_is_of_the_id_too() -> None:
    digest = leaf.digest(ROW, SALT)
    assert leaf.leaf_hash("evt_1", digest) == sha256(b"\0evt_1\n" + digest).digest()
    assert leaf.leaf_hash("evt_1", digest) != leaf.leaf_hash("evt_2", digest)


def test_content_is_written_in_one_way_only() -> None:
    content = leaf.content(ROW, SALT)
    told = msgspec.json.decode(content)
    assert content == msgspec.json.encode(told, order="sorted")
    name = sha256(sha256(SALT + b"actor_name").digest() + b'"ada@example.com"').hexdigest()
    assert told["actor_name"] == name
    assert told["created_at"] == "2026-02-08T12:00:00Z"
    assert "trace_id" not in told


def test_content_says_nothing_that_may_belong_to_a_person() -> None:
    content = leaf.content(ROW, SALT)
    assert not [said for said in (b"ada@", b"198.51", b"curl", b"/v1/") if said in content]


def test_values_are_taken_away_and_the_digest_stands() -> None:
    names = ["actor_name", "resource_name", "metadata.email", "trace_id"]
    taken = leaf.take(ROW, SALT, names)
    rest = changed(actor_name=None, resource_name=None, metadata={**ROW.metadata, "email": None})

    assert leaf.digest(rest, taken) == leaf.digest(ROW, SALT)
    assert sorted(taken.marks) == ["actor_name", "metadata.email", "resource_name"]

    more = leaf.take(rest, taken, ["ip_address"])
    less = msgspec.structs.replace(rest, ip_address=None)
    assert leaf.digest(less, more) == leaf.digest(ROW, SALT)


def test_what_is_left_is_still_bound() -> None:
    taken = leaf.take(ROW, SALT, ["actor_name"])
    rest = changed(actor_name=None)
    bent = msgspec.structs.replace(rest, ip_address="198.51.100.8")
    assert leaf.digest(bent, taken) != leaf.digest(ROW, SALT)
    with pytest.raises(ValueError, match="actor_name has a value that was taken away"):
        leaf.digest(ROW, taken)


def test_what_was_taken_away_cannot_be_guessed_from_what_is_kept() -> None:
    taken = leaf.take(ROW, SALT, ["actor_name"])
    kept = [bytes.fromhex(each) for each in taken.salts.values()]
    assert taken.marks["actor_name"] not in {leaf.mark(each, ROW.actor_name) for each in kept}
    assert SALT not in kept


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_however_a_database_spells_it(number) -> None:
    spelled = int(number) if number.is_integer() else number
    assert leaf.mark(SALT, number) == leaf.mark(SALT, spelled)
    assert leaf.mark(SALT, {"n": [number]}) == leaf.mark(SALT, {"n": [spelled]})
