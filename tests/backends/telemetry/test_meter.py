import os

import pytest

from gatewatch.backends.telemetry.memory import allot, attach
from gatewatch.backends.telemetry.meter import Meter, RequestMeter
from gatewatch.catalogue.events.login import LoggedOut, LoginRefused, LoginSucceeded
from gatewatch.catalogue.events.sessions import SessionEnded, SessionRefreshReplayed
from gatewatch.catalogue.events.tokens import AccessTokenIssued, TokenRefreshed
from gatewatch.catalogue.metric import Gauge, Histogram, Merge
from gatewatch.catalogue.metrics import (
    DEVICE_POLLS,
    HTTP_REQUESTS,
    LOGINS,
    LOGOUTS,
    METRICS,
    PASSWORD_HASH_WAITING,
    PASSWORD_HASHES,
    SESSIONS_ENDED,
    SUSPICIOUS,
    TOKENS_ISSUED,
)
from gatewatch.catalogue.outcomes import (
    DevicePoll,
    GrantType,
    LoginMethod,
    LoginOutcome,
    SessionEnding,
    TokenKind,
)

ROUTES = ("/login", "/v1/accounts/{id}")
OLDEST = Gauge(name="oldest_seconds", help="Age of the oldest.", merge=Merge.MAX)
SIZES = Histogram(name="sizes", help="How large.", buckets=(1.0, 10.0))


@pytest.fixture
def meter():
    return Meter(METRICS, ROUTES)


@pytest.fixture
def block():
    descriptor = allot(3)
    yield attach(descriptor)
    os.close(descriptor)


def seats(block, metrics=METRICS):
    return [Meter(metrics, ROUTES, block, slot, 3) for slot in (1, 2)]


def test_every_series_starts_at_zero(meter):
    for metric in METRICS:
        assert all(not any(values) for _, values in meter.readings(metric))


def test_a_tally_counts_one_more(meter):
    meter.tally(DEVICE_POLLS, DevicePoll.PENDING)
    meter.bound(DEVICE_POLLS, DevicePoll.PENDING)(2.0)
    assert meter.value(DEVICE_POLLS, "pending") == 3.0
    assert meter.value(DEVICE_POLLS, DevicePoll.GRANTED) == 0.0


def test_an_unheard_of_label_is_a_fault(meter):
    with pytest.raises(ValueError, match="has no series"):
        meter.tally(DEVICE_POLLS, "impatient")
    with pytest.raises(ValueError, match="has no series"):
        meter.observe(HTTP_REQUESTS, 0.1, "GET", "/login", "418")


def test_a_bucket_includes_its_bound():
    meter = Meter((SIZES,))
    for size in (0.5, 1.0, 1.1, 10.0, 11.0):
        meter.observe(SIZES, size)
    ((labels, values),) = meter.readings(SIZES)
    assert labels == ()
    assert values == [2.0, 2.0, 1.0, 23.6]
    assert meter.value(SIZES) == 5.0


def test_a_sparse_metric_shows_only_what_was_observed(meter):
    meter.observe(HTTP_REQUESTS, 0.1, "GET", "/login", "200")
    ((labels, _),) = meter.readings(HTTP_REQUESTS)
    assert labels == ("GET", "/login", "200")


def test_a_request_is_counted_by_method_route_and_status(meter):
    requests = RequestMeter(meter)
    for method in ("GET", "GET", "BREW", "FROB"):
        requests.answered(method, "/login", 200, 0.1)
    assert meter.value(HTTP_REQUESTS, "GET", "/login", "200") == 2.0
    assert meter.value(HTTP_REQUESTS, "_OTHER", "/login", "200") == 2.0


@pytest.mark.parametrize(("route", "status"), [("/login", 418), ("/elsewhere", 200)])
def test_an_answer_that_cannot_be_is_a_fault(meter, route, status):
    with pytest.raises(ValueError, match="has no series"):
        RequestMeter(meter).answered("GET", route, status, 0.1)


def test_methods_made_up_by_clients_take_no_memory(meter):
    requests = RequestMeter(meter)
    for number in range(100):
        requests.answered(f"BREW{number}", "/login", 200, 0.1)
    assert not requests._moves


def test_a_gauge_asks_its_callback_when_refreshed(meter):
    waiting = [1.0, 4.0]
    meter.gauge(PASSWORD_HASH_WAITING, waiting.pop)
    meter.refresh()
    assert meter.value(PASSWORD_HASH_WAITING) == 4.0
    meter.refresh()
    assert meter.value(PASSWORD_HASH_WAITING) == 1.0


def test_an_event_moves_the_counters_that_name_it(meter):
    meter.saw(
        LoginSucceeded(account_id="a", email="e", session_id="s", method=LoginMethod.PASSWORD)
    )
    meter.saw(
        LoginRefused(
            account_id=None,
            identifier="i",
            method=LoginMethod.PASSWORD,
            outcome=LoginOutcome.UNKNOWN_ACCOUNT,
        )
    )
    assert meter.value(LOGINS, LoginMethod.PASSWORD, LoginOutcome.ADMITTED) == 1.0
    assert meter.value(LOGINS, LoginMethod.PASSWORD, LoginOutcome.UNKNOWN_ACCOUNT) == 1.0
    assert meter.value(LOGINS, LoginMethod.PASSWORD, LoginOutcome.DISABLED) == 0.0


def test_an_event_may_move_several_counters(meter):
    meter.saw(LoggedOut(account_id="a", session_id="s"))
    assert meter.value(LOGOUTS) == 1.0
    assert meter.value(SESSIONS_ENDED, SessionEnding.LOGGED_OUT) == 1.0


def test_an_event_may_move_two_series_of_one_counter(meter):
    meter.saw(
        TokenRefreshed(
            spent_token_id="t",
            access_token_id="t",
            refresh_token_id="t",
            family_id="f",
            client_id="c",
            account_id=None,
            scope="",
        )
    )
    for kind in TokenKind:
        assert meter.value(TOKENS_ISSUED, kind, GrantType.REFRESH_TOKEN) == 1.0


def test_labels_come_from_the_count_the_field_or_the_class(meter):
    meter.saw(
        AccessTokenIssued(
            token_id="t",
            client_id="c",
            account_id=None,
            grant_type=GrantType.DEVICE_CODE,
            scope="",
        )
    )
    assert meter.value(TOKENS_ISSUED, TokenKind.ACCESS, GrantType.DEVICE_CODE) == 1.0


def test_every_counted_event_is_understood(meter):
    known = {count.event for metric in METRICS for count in getattr(metric, "counts", ())}
    assert known == set(meter._witnesses)
    assert {SessionEnded, SessionRefreshReplayed} <= known
    assert meter.value(SUSPICIOUS) == 0.0


def test_processes_are_summed(block):
    one, other = seats(block)
    one.tally(DEVICE_POLLS, DevicePoll.PENDING)
    other.tally(DEVICE_POLLS, DevicePoll.PENDING)
    one.observe(PASSWORD_HASHES, 0.02)
    other.observe(HTTP_REQUESTS, 0.1, "GET", "/login", "200")
    for meter in (one, other):
        assert meter.value(DEVICE_POLLS, DevicePoll.PENDING) == 2.0
        assert meter.value(PASSWORD_HASHES) == 1.0
        assert [labels for labels, _ in meter.readings(HTTP_REQUESTS)] == [("GET", "/login", "200")]


def test_a_gauge_may_be_the_greatest(block):
    one, other = seats(block, (OLDEST,))
    one.set(OLDEST, 3.0)
    other.set(OLDEST, 5.0)
    assert one.value(OLDEST) == 5.0


def test_a_replacement_goes_on_counting_and_forgets_the_gauges(block):
    one, other = seats(block)
    one.tally(LOGOUTS)
    one.set(PASSWORD_HASH_WAITING, 9.0)
    heir = Meter(METRICS, ROUTES, block, 1, 3)
    assert other.value(PASSWORD_HASH_WAITING) == 0.0
    heir.tally(LOGOUTS)
    assert other.value(LOGOUTS) == 2.0


def test_a_slot_left_by_the_dead_keeps_its_counters_alone(block):
    one, other = seats(block)
    one.tally(LOGOUTS)
    one.set(PASSWORD_HASH_WAITING, 9.0)
    other.vacate(1)
    assert other.value(PASSWORD_HASH_WAITING) == 0.0
    assert other.value(LOGOUTS) == 1.0


def test_a_process_without_routes_counts_along(block):
    supervisor = Meter(METRICS, (), block, 0, 3)
    worker, _ = seats(block)
    supervisor.set(PASSWORD_HASH_WAITING, 2.0)
    worker.observe(HTTP_REQUESTS, 0.1, "GET", "/login", "200")
    assert worker.value(PASSWORD_HASH_WAITING) == 2.0
    assert len(list(supervisor.readings(HTTP_REQUESTS))) == 0


def test_a_process_of_another_release_is_left_out(block):
    one, other = seats(block)
    one.tally(LOGOUTS)
    newer = Meter(METRICS[1:], (), block, 2, 3)
    newer.tally(LOGOUTS)
    assert one.value(LOGOUTS) == 1.0
    assert newer.value(LOGOUTS) == 1.0
    other = Meter(METRICS, ROUTES, block, 2, 3)
    assert other.value(LOGOUTS) == 1.0


def test_too_many_routes_for_the_memory_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        Meter(METRICS, ROUTES, memoryview(bytearray(1024)), 0, 1)
