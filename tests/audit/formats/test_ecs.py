"""ECS: categories and types are those of the schema, and go together."""

import json

import pytest
from tests.audit.samples import NAMES, OBSERVER, RECORDS

from gatewatch.audit.formats import Format, line

TYPES = {
    "authentication": {"start", "end", "info"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "intrusion_detection": {"allowed", "denied", "info"},
    "process": {"access", "change", "end", "info", "start"},
    "session": {"start", "end", "info"},
}
"""Which types a category expects (ECS 8.17, event.category)."""


@pytest.mark.parametrize("record", RECORDS, ids=NAMES)
def test_an_event_has_a_kind_a_category_and_types_that_it_expects(record):
    written = json.loads(line(Format.ECS, record, OBSERVER))
    event = written["event"]
    expected = set.union(*(TYPES[category] for category in event["category"]))

    assert {"@timestamp", "ecs", "message"} <= set(written)
    assert event["kind"] in {"event", "alert"}
    assert event["type"]
    assert set(event["type"]) <= expected
    assert event["outcome"] in {"success", "failure"}
    assert event["id"] == record.row.id
    assert written["gatewatch"]["details"] == record.row.metadata or not record.row.metadata
    assert written["related"]["ip"] == ["198.51.100.7"]
