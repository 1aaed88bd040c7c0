"""A row says who, where, when and what, in the words of both guides."""

from datetime import UTC, datetime

import msgspec

from gatewatch.audit.row import AuditRow, Stamp, compose
from gatewatch.audit.store import audit_logs
from gatewatch.catalogue.events import EVENTS
from gatewatch.catalogue.events.clients import ClientRefused
from gatewatch.catalogue.events.device import DeviceCodeReplayed
from gatewatch.catalogue.events.login import LoginRefused, LoginSucceeded
from gatewatch.catalogue.outcomes import ClientAuthentication, LoginMethod, LoginOutcome
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE, SYSTEM, Actor, Origin
from gatewatch.kernel.ids import EventId

STAMP = Stamp(EventId("evt_1"), datetime(2026, 2, 8, 10, tzinfo=UTC), "worker-1", 7)


def test_a_row_has_the_tables_columns_in_their_order():
    assert list(AuditRow.__struct_fields__) == [column.name for column in audit_logs.columns]


def test_a_sign_in_is_written_in_full():
    event = LoginSucceeded(
        account_id="acc_1", email="ada@example.com", session_id="ses_1", method=LoginMethod.PASSWORD
    )
    actor = Actor.account("acc_1", "ada@example.com")
    origin = Origin("192.0.2.7", "curl/8", "req_1", "POST", "/login", None, "trace")

    row = compose(event, STAMP, actor, origin)

    assert ((row.event_type, row.action, row.severity, row.status)) == (
        "AUTHENTICATION_SUCCESS",
        "auth.login",
        "INFO",
        "success",
    )
    assert (row.actor_id, row.actor_type, row.actor_name) == ("acc_1", "account", "ada@example.com")
    assert ((row.resource_type, row.resource_id, row.resource_name)) == (
        "USER",
        "acc_1",
        "ada@example.com",
    )
    assert row.session_id == "ses_1"
    assert (
        row.ip_address,
        row.user_agent,
        row.request_id,
        row.request_method,
        row.request_path,
        row.trace_id,
    ) == ("192.0.2.7", "curl/8", "req_1", "POST", "/login", "trace")
    assert ("evt_1", STAMP.at, "worker-1", 7) == (row.id, row.created_at, row.emitter, row.sequence)
    assert row.metadata == {
        "account_id": "acc_1",
        "email": "ada@example.com",
        "session_id": "ses_1",
        "method": "password",
    }


def test_a_refusal_says_why_it_was_refused():
    event = LoginRefused(
        account_id=None,
        identifier="nobody",
        method=LoginMethod.PASSWORD,
        outcome=LoginOutcome.UNKNOWN_ACCOUNT,
    )

    row = compose(event, STAMP, ANONYMOUS, NOWHERE)

    assert (row.status, row.reason) == ("failure", "unknown_account")
    assert (row.resource_id, row.resource_name) == (None, "nobody")


def test_a_client_is_named_by_the_event_or_else_by_the_actor():
    named = DeviceCodeReplayed(grant_id="dvc_1", client_id="cli_1", account_id=None)
    refused = ClientRefused(client_id=None, outcome=ClientAuthentication.UNKNOWN)

    assert compose(named, STAMP, SYSTEM, NOWHERE).client_id == "cli_1"
    assert compose(refused, STAMP, Actor.client("cli_2", "tv"), NOWHERE).client_id == "cli_2"
    assert None is compose(refused, STAMP, ANONYMOUS, NOWHERE).client_id


def test_what_a_caller_sends_is_bounded_and_cleaned():
    event = ClientRefused(client_id="c" * 9999, outcome=ClientAuthentication.UNKNOWN)
    actor = Actor.client("client:" + "0" * 36, "n" * 9999)
    origin = Origin("\0", "agent\ud800" * 999, "r" * 9999, "M" * 9999, "/" * 9999)

    row = compose(event, STAMP, actor, origin)

    assert len(row.actor_id or "") == 43
    assert [
        len(text or "")
        for text in (row.client_id, row.actor_name, row.user_agent, row.request_path)
    ] == [200, 300, 500, 500]
    assert row.ip_address == "\ufffd"
    msgspec.msgpack.encode(row)


def test_every_event_of_the_catalogue_names_fields_that_it_has():
    for event in EVENTS:
        fields = set(event.__dataclass_fields__)
        assert {event.resource_id, event.resource_name} - {None} <= fields
