"""Merged changes: one statement, the values a column at a time."""

from tests.backends.database.ledger import ADD_ENTRY, ADD_TICKET, NOW, spending, ticket

from gatewatch.backends.database import Change
from gatewatch.backends.database.merge import Merged


def test_the_rows_of_a_guarded_change_know_their_place():
    changes = [spending("one", "a"), spending("two", "b")]
    changes[1].add(ADD_ENTRY, {"id": "c", "ticket_id": "two", "at": NOW})
    assert changes[0].shape == changes[1].shape
    merged = Merged(changes[0].shape)
    given = [list(one) if not isinstance(one, str) else one for one in merged.arguments(changes)]
    assert [0, 1] in given
    assert ["one", "two"] in given
    assert [0, 1, 1] in given
    assert ["a", "b", "c"] in given
    assert "UPDATE tickets" in merged.sql
    assert "RETURNING" in merged.sql


def test_unguarded_changes_need_no_place():
    change = Change()
    change.add(ADD_TICKET, ticket("one"))
    change.add(ADD_ENTRY, {"id": "e", "details": {"a": 1}})
    merged = Merged(change.shape)
    assert "place" not in merged.sql
    assert merged.sql.count("INSERT INTO") == 2
    assert ['{"a":1}'] in [list(one) for one in merged.arguments([change])]


def test_a_change_with_other_columns_has_another_shape():
    one, other = Change(), Change()
    one.add(ADD_ENTRY, {"id": "e"})
    other.add(ADD_ENTRY, {"id": "e", "at": NOW})
    assert one.shape != other.shape
