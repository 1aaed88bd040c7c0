from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.house import NOON

from gatewatch.admin.filters import LARGEST_PAGE, PAGE_SIZE, cursor_text, read_query
from gatewatch.audit.log import Cursor, Direction
from gatewatch.audit.search import Search, none_of, only
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import earliest, event_id

EVENT = f"evt_{7:032x}"


def test_asking_for_nothing_finds_everything():
    query = read_query({}, NOON)
    assert (query.search, query.cursor, query.size) == (Search(), None, PAGE_SIZE)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"event_type": "LOGOUT"}, Search(event_type=only("LOGOUT"))),
        ({"action": "auth.login.failed"}, Search(action=only("auth.login.failed"))),
        ({"severity": "CRITICAL"}, Search(severity=only("CRITICAL"))),
        ({"success": "true"}, Search(success=only("success"))),
        ({"success": "false"}, Search(success=only("failure"))),
        ({"success": "!true"}, Search(success=none_of("success"))),
        ({"actor": "acc_1"}, Search(actor=only("acc_1"))),
        ({"actor_user_id": "acc_1"}, Search(actor=only("acc_1"))),
        ({"actor_ip": "2001:DB8::1"}, Search(actor_ip=only("2001:db8::1"))),
        ({"actor_ip": "203.0.113.9/24"}, Search(actor_ip=only("203.0.113.0/24"))),
        ({"actor_ip": "203.0.113.9/32"}, Search(actor_ip=only("203.0.113.9"))),
        ({"actor_ip": "!2001:DB8::/32"}, Search(actor_ip=none_of("2001:db8::/32"))),
        ({"resource_type": "CLIENT"}, Search(resource_type=only("CLIENT"))),
        ({"organization_id": "org_1"}, Search(organization_id=only("org_1"))),
        ({"request_id": "req_1"}, Search(request_id=only("req_1"))),
        (
            [("severity", "ERROR"), ("severity", "CRITICAL"), ("action", "!auth.login")],
            Search(severity=only("ERROR", "CRITICAL"), action=none_of("auth.login")),
        ),
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
        ("actor", "x" * 201),
        ("actor", "!"),
        ("severity", "!!ERROR"),
        ("actor_ip", "203.0.113.0/33"),
        ("at", "some day"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(name, text):
    with pytest.raises(Refusal) as refused:
        read_query({name: text}, NOON)
    assert refused.value.code == "invalid_input"
    assert name in refused.value.public


@pytest.mark.parametrize("name", ["since", "page_size", "search", "start_time"])
def test_what_can_only_be_said_once_is(name):
    with pytest.raises(Refusal, match=f"{name} is repeated"):
        read_query([(name, "1"), (name, "1")], NOON)


def test_a_jump_leads_to_the_last_event_of_a_day():
    cursor = read_query({"at": "2026-02-08"}, NOON).cursor
    assert cursor == Cursor(Direction.OLDER, earliest(event_id, datetime(2026, 2, 9, tzinfo=UTC)))


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
