"""OCSF: every event has what its class requires."""

import json

import msgspec
import pytest
from tests.audit.samples import ADA, AT, NAMES, OBSERVER, RECORDS, ROWS, row_of

from gatewatch.audit.formats import Format, Record, line
from gatewatch.audit.formats.meanings import OcsfClass
from gatewatch.catalogue.events.login import LoginRefused
from gatewatch.catalogue.outcomes import LoginMethod, LoginOutcome
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE, Origin

BASE = {
    "activity_id",
    "category_uid",
    "class_uid",
    "metadata",
    "severity_id",
    "time",
    "type_uid",
}
"""Required of every class (OCSF 1.8.0, base_event)."""

REQUIRED = {
    OcsfClass.EVENT_LOG_ACTIVITY: set(),
    OcsfClass.DETECTION_FINDING: {"finding_info"},
    OcsfClass.ACCOUNT_CHANGE: {"user"},
    OcsfClass.AUTHENTICATION: {"user"},
    OcsfClass.AUTHORIZE_SESSION: {"user"},
    OcsfClass.ENTITY_MANAGEMENT: {"entity"},
    OcsfClass.APPLICATION_LIFECYCLE: {"app"},
}
"""Required of a class besides (OCSF 1.8.0, without the profiles cloud and osint)."""

ONE_OF = {
    OcsfClass.AUTHENTICATION: {"service", "dst_endpoint"},
    OcsfClass.AUTHORIZE_SESSION: {"privileges", "group"},
    OcsfClass.EVENT_LOG_ACTIVITY: {"log_name", "log_provider", "log_type_id"},
}

ACTIVITIES = {
    OcsfClass.EVENT_LOG_ACTIVITY: {*range(11), 99},
    OcsfClass.DETECTION_FINDING: {0, 1, 2, 3, 99},
    OcsfClass.ACCOUNT_CHANGE: {*range(13), 99},
    OcsfClass.AUTHENTICATION: {*range(8), 99},
    OcsfClass.AUTHORIZE_SESSION: {0, 1, 2, 99},
    OcsfClass.ENTITY_MANAGEMENT: {*range(14), 99},
    OcsfClass.APPLICATION_LIFECYCLE: {*range(9), 99},
}


def ocsf(record: Record) -> dict:
    return json.loads(line(Format.OCSF, record, OBSERVER))


@pytest.mark.parametrize("record", RECORDS, ids=NAMES)
def test_an_event_has_what_its_class_requires(record):
    written = ocsf(record)
    kind = OcsfClass(written["class_uid"])

    assert BASE | REQUIRED[kind] <= set(written)
    assert not ONE_OF.get(kind) or ONE_OF[kind] & set(written)
    assert written["activity_id"] in ACTIVITIES[kind]
    assert written["type_uid"] == kind * 100 + written["activity_id"]
    assert written["category_uid"] == kind // 1000
    assert written["severity_id"] in range(1, 6)
    assert {"product", "version"} <= set(written["metadata"])
    if "user" in written:
        assert {"name", "uid"} & set(written["user"])
    if "actor" in written:
        assert {"user", "session", "app_uid"} & set(written["actor"])


def test_a_refused_sign_in_says_who_from_where_and_why():
    event = LoginRefused(
        account_id=None,
        identifier="eve@example.com",
        method=LoginMethod.PASSWORD,
        outcome=LoginOutcome.WRONG_PASSWORD,
    )
    origin = Origin(address="2001:db8::1", method="POST", path="/login", request_id="req_9")
    written = ocsf(Record(row_of(event, ANONYMOUS, origin)))

    assert (written["class_uid"], written["activity_id"]) == (3002, 1)
    assert written["time"] == round(AT.timestamp() * 1000)
    assert written["status"] == "Failure"
    assert written["status_detail"] == "INVALID_CREDENTIALS"
    assert written["user"]["name"] == "eve@example.com"
    assert written["src_endpoint"] == {"ip": "2001:db8::1"}
    assert written["http_request"]["url"] == {"path": "/login"}
    assert written["metadata"]["correlation_uid"] == "req_9"
    assert "actor" not in written


def test_nobody_is_somebody_unknown():
    event = LoginRefused(
        account_id=None, identifier="", method=LoginMethod.PASSWORD, outcome=LoginOutcome.DISABLED
    )
    assert ocsf(Record(row_of(event, ANONYMOUS, NOWHERE)))["user"]["name"] == "unknown"


def test_a_sealed_event_says_so_in_the_profile():
    (attestation,) = ocsf(RECORDS[0])["attestation_list"]

    assert "record_integrity" in ocsf(RECORDS[0])["metadata"]["profiles"]
    assert attestation["uid"] == "41"
    assert attestation["fingerprint"]["algorithm_id"] == 3
    assert attestation["fingerprint"]["value"] == bytes(range(32)).hex()


def test_an_event_without_a_seal_claims_none():
    written = ocsf(Record(ROWS[0]))
    assert "attestation_list" not in written
    assert "record_integrity" not in written["metadata"]["profiles"]


def test_an_action_of_a_later_release_is_told_by_what_it_is_about():
    created = ROWS[NAMES.index("users.created")]
    later = msgspec.structs.replace(created, action="users.teleported")
    written = ocsf(Record(later))

    assert (written["class_uid"], written["activity_id"]) == (3001, 99)
    assert written["message"] == "users.teleported"
    assert written["actor"]["user"]["uid"] == ADA.id
