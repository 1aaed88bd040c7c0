from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.house import NOON

from gatewatch.admin.filters import LARGEST_PAGE, PAGE_SIZE, cursor_text, read_query
from gatewatch.audit.log import Cursor, Direction
from gatewatch.audit.search import Search
from gatewatch.catalogue.event import ResourceType, Severity
from gatewatch.kernel.errors import Refusal

EVENT = f"evt_{7:032x}"


def test_asking_for_nothing_finds_everything():
    query = read_query({}, NOON)
    assert (query.search, query.cursor, query.size) == (Search(), None, PAGE_SIZE)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"event_type": "LOGOUT"}, Search(event_type="LOGOUT")),
        ({"action": "auth.login.failed"}, Search(action="auth.login.failed")),
        ({"severity": "CRITICAL"}, Search(severity=Severity.CRITICAL)),
        ({"success": "true"}, Search(success=True)),
        ({"success": "false"}, Search(success=False)),
        ({"actor": "acc_1"}, Search(actor="acc_1")),
        ({"actor_user_id": "acc_1"}, Search(actor="acc_1")),
        ({"actor_ip": "2001:DB8::1"}, Search(actor_ip="2001:db8::1")),
        ({"resource_type": "CLIENT"}, Search(resource_type=ResourceType.CLIENT)),
        ({"search": "100%"}, Search(search="100%")),
        ({"since": "24h"}, Search(start_time=NOON - timedelta(hours=24))),
        ({"since": "PT90M"}, Search(start_time=NOON - timedelta(minutes=90))),
        ({"since": "2026-02-08T10:00:00Z"}, Search(start_time=NOON - timedelta(hours=2))),
        ({"since": "2026-02-08"}, Search(start_time=datetime(2026, 2, 8, tzinfo=UTC))),
        ({"end_time": "2026-02-08T13:00:00+01:00"}, Search(end_time=NOON)),
    ],
)
def test_each_filter_is_understood(asked, found):
    assert found == read_query(asked, NOON).search


def test_of_two_beginnings_the_later_counts():
    asked = {"since": "24h", "start_time": "2026-02-08T11:00:00Z"}
    assert read_query(asked, NOON).search.start_time == NOON - timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("event_type", "LOGIN"),
        ("action", "auth.*"),
        ("severity", "critical!"),
        ("success", "maybe"),
        ("actor_ip", "203.0.113"),
        ("resource_type", "TABLE"),
        ("since", "yesterday"),
        ("since", "99999999999h"),
        ("start_time", "2026-02-08"),
        ("end_time", "now"),
        ("page_size", "0"),
        ("page_size", "101"),
        ("cursor", "older.evt_1"),
        ("cursor", f"sideways.{EVENT}"),
        ("usr", "ada"),
        ("search", "x" * 201),
    ],
)
def test_what_is_not_understood_is_refused_by_name(name, text):
    with pytest.raises(Refusal) as refused:
        read_query({name: text}, NOON)
    assert refused.value.code == "invalid_input"
    assert name in refused.value.public


@pytest.mark.parametrize("direction", Direction)
def test_a_cursor_is_read_as_it_was_written(direction):
    cursor = Cursor(direction, EVENT)
    assert read_query({"cursor": cursor_text(cursor)}, NOON).cursor == cursor


def test_the_way_on_asks_the_same_question_from_elsewhere():
    query = read_query({"severity": "ERROR", "page_size": "50", "cursor": f"newer.{EVENT}"}, NOON)
    onward = query.onward(Cursor(Direction.OLDER, EVENT))
    assert onward == f"severity=ERROR&page_size=50&cursor=older.{EVENT}"


@given(st.dictionaries(st.sampled_from(["since", "actor_ip", "cursor", "page_size"]), st.text()))
def test_whatever_is_asked_is_understood_or_refused(asked):
    with suppress(Refusal):
        assert read_query(asked, NOON).size <= LARGEST_PAGE
