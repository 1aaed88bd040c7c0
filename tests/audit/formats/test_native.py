"""Our own format is what the API says, with the event's place."""

import json

import pytest
from tests.audit.samples import OBSERVER, RECORDS, ROWS, SEAL

from gatewatch.audit.formats import Format, Record, line


def test_a_line_has_authgates_names_and_the_events_place():
    written = json.loads(line(Format.NATIVE, RECORDS[0], OBSERVER))

    assert written["event_type"] == "AUTHENTICATION_SUCCESS"
    assert written["actor_username"] == "ada@example.com"
    assert written["details"]["method"] == "password"
    assert written["position"] == SEAL.position
    assert written["leaf_hash"] == SEAL.leaf_hash.hex()


@pytest.mark.parametrize("form", Format)
def test_every_format_is_one_line(form):
    for row in ROWS:
        assert b"\n" not in line(form, Record(row), OBSERVER)
