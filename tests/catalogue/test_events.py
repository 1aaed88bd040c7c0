"""The catalogue keeps the names that the guides promise."""

from collections.abc import Iterable

import pytest

from gatewatch.catalogue.event import Durability, Event, Kind, Severity, field_kinds
from gatewatch.catalogue.events import EVENTS
from gatewatch.catalogue.events.login import LoginRefused, LoginSucceeded
from gatewatch.catalogue.metric import Counter
from gatewatch.catalogue.metrics import METRICS

AUTHGATE_TYPES = {
    "AUTHENTICATION_SUCCESS",
    "AUTHENTICATION_FAILURE",
    "LOGOUT",
    "OAUTH_AUTHENTICATION",
    "DEVICE_CODE_GENERATED",
    "DEVICE_CODE_AUTHORIZED",
    "ACCESS_TOKEN_ISSUED",
    "REFRESH_TOKEN_ISSUED",
    "TOKEN_REFRESHED",
    "TOKEN_REVOKED",
    "TOKEN_DISABLED",
    "TOKEN_ENABLED",
    "CLIENT_CREATED",
    "CLIENT_UPDATED",
    "CLIENT_DELETED",
    "CLIENT_SECRET_REGENERATED",
    "RATE_LIMIT_EXCEEDED",
    "SUSPICIOUS_ACTIVITY",
}
IDENTSPHERE_ACTIONS = {"auth.login", "auth.login.failed", "auth.mfa.disabled"}


def test_every_event_type_of_authgates_guide_is_declared() -> None:
    assert {event.type for event in EVENTS} >= AUTHGATE_TYPES


def test_every_action_of_identspheres_guide_is_declared() -> None:
    assert {event.action for event in EVENTS} >= IDENTSPHERE_ACTIONS


def test_actions_are_unique() -> None:
    actions = [event.action for event in EVENTS]
    assert sorted(set(actions)) == sorted(actions)


def test_suspicion_is_critical_and_in_the_transaction() -> None:
    suspicious = [event for event in EVENTS if event.type == "SUSPICIOUS_ACTIVITY"]
    assert suspicious
    assert {(event.severity, event.durability) for event in suspicious} == {
        (Severity.CRITICAL, Durability.COMMITTED)
    }


def test_what_a_person_typed_is_marked_personal() -> None:
    assert field_kinds(LoginRefused)["identifier"] is Kind.PERSONAL
    assert field_kinds(LoginSucceeded)["email"] is Kind.PERSONAL
    assert field_kinds(LoginSucceeded)["method"] is Kind.PLAIN


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_named_resource_is_a_field(event: type[Event]) -> None:
    fields = field_kinds(event)
    assert {event.resource_id, event.resource_name} - {None} <= set(fields)


def counted() -> Iterable[tuple[Counter, type[Event], str]]:
    return (
        (metric, count.event, label)
        for metric in METRICS
        if isinstance(metric, Counter)
        for count in metric.counts
        for label in metric.labels
        if label not in count.labels
    )


def test_a_counted_event_has_the_labels_of_its_counter() -> None:
    missing = [
        (metric.name, event.__name__, label)
        for metric, event, label in counted()
        if label not in field_kinds(event) and not hasattr(event, label)
    ]
    assert missing == []
