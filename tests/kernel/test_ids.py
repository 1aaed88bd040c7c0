"""Ids: prefixed with their kind, ordered by time."""

from datetime import UTC, datetime, timedelta

from gatewatch.kernel.ids import ID_LENGTH, account_id, earliest, token_id
from gatewatch.kernel.secrets import SeededEntropy

NOON = datetime(2026, 2, 8, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def test_an_id_says_its_kind_and_its_time():
    made = account_id(NOON, SeededEntropy())
    assert made.startswith("acc_019c3d1f7e00")
    assert len(made) == ID_LENGTH


def test_the_earliest_of_a_moment_parts_what_was_made_before_it_from_the_rest():
    border = earliest(token_id, NOON)
    entropy = SeededEntropy()
    assert len(border) == ID_LENGTH
    assert all(token_id(NOON - MILLISECOND, entropy) < border for _ in range(100))
    assert all(token_id(NOON, entropy) >= border for _ in range(100))
