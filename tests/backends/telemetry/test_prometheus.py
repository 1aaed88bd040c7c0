import shutil
import subprocess
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as text_families
from tests.kit.missing import go_without

from gatewatch.backends.telemetry.meter import Meter
from gatewatch.backends.telemetry.prometheus import (
    OPENMETRICS,
    PROMETHEUS_TEXT,
    negotiate,
    render,
)
from gatewatch.catalogue.metric import Counter, Gauge, Histogram, Route
from gatewatch.catalogue.metrics import DEVICE_POLLS, HTTP_REQUESTS, METRICS, PASSWORD_HASH_WAITING
from gatewatch.catalogue.outcomes import DevicePoll

ROUTES = ("/login", "/v1/accounts/{id}")
PROMTOOL = shutil.which(
    "promtool", path=Path(__file__).parents[3].joinpath(".tools", "bin").as_posix()
) or shutil.which("promtool")


@pytest.fixture
def meter():
    meter = Meter(METRICS, ROUTES)
    meter.tally(DEVICE_POLLS, DevicePoll.SLOW_DOWN)
    for seconds in (0.003, 0.3, 30.0):
        meter.observe(HTTP_REQUESTS, seconds, "GET", "/v1/accounts/{id}", "200")
    meter.gauge(PASSWORD_HASH_WAITING, lambda: 2.0)
    return meter


def samples(families):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def parse(meter, *, openmetrics):
    text = render(meter, openmetrics=openmetrics).decode()
    return list((openmetrics_families if openmetrics else text_families)(text))


@pytest.mark.parametrize("openmetrics", [False, True])
def test_the_judge_reads_what_was_counted(meter, openmetrics):
    found = samples(parse(meter, openmetrics=openmetrics))
    labels = (
        ("http_request_method", "GET"),
        ("http_response_status_code", "200"),
        ("http_route", "/v1/accounts/{id}"),
    )
    name = HTTP_REQUESTS.name
    assert found["gatewatch_device_polls_total", ("outcome", "slow_down")] == 1.0
    assert found["gatewatch_device_polls_total", ("outcome", "granted")] == 0.0
    assert found["gatewatch_password_hash_waiting",] == 2.0
    assert found[(f"{name}_count", *labels)] == 3.0
    assert found[(f"{name}_sum", *labels)] == 30.303
    buckets = {
        dict(key[1:])["le"]: value for key, value in found.items() if key[0] == f"{name}_bucket"
    }
    assert (buckets["0.005"], buckets["0.5"], buckets["+Inf"]) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_every_metric_has_its_type_and_help(meter, openmetrics):
    kinds = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}
    families = {family.name: family for family in parse(meter, openmetrics=openmetrics)}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert (kinds[type(metric)], metric.help) == (family.type, family.documentation)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_every_series_is_there_from_the_start(openmetrics):
    found = samples(parse(Meter(METRICS, ROUTES), openmetrics=openmetrics))
    for metric in METRICS:
        name = f"{metric.name}_count" if isinstance(metric, Histogram) else metric.name
        shown = {tuple(value for _, value in key[1:]) for key in found if key[0] == name}
        order = [sorted(metric.labels).index(label) for label in metric.labels]
        every = set() if getattr(metric, "sparse", False) else set(metric.series(ROUTES))
        assert every == {tuple(values[at] for at in order) for values in shown}


@pytest.mark.parametrize("openmetrics", [False, True])
@given(routes=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, unique=True))
def test_no_route_breaks_the_format(openmetrics, routes):
    visits = Counter(name="visits_total", help='Visits; "all".', labels={"route": Route})
    meter = Meter((visits,), tuple(routes))
    found = samples(parse(meter, openmetrics=openmetrics))
    assert {("visits_total", ("route", route)) for route in routes} == set(found)


def test_promtool_finds_nothing_to_object_to(meter):
    if PROMTOOL is None:
        go_without("promtool", "none is installed or unpacked (make tools says why)")
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=render(meter), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PROMETHEUS_TEXT),
        ("", PROMETHEUS_TEXT),
        ("*/*", PROMETHEUS_TEXT),
        ("text/html;q=x", PROMETHEUS_TEXT),
        ("text/plain;version=0.0.4", PROMETHEUS_TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.4", PROMETHEUS_TEXT),
        ("application/openmetrics-text;version=0.0.1,*/*;q=0.1", PROMETHEUS_TEXT),
        ("application/openmetrics-text;q=0", PROMETHEUS_TEXT),
    ],
)
def test_the_scraper_chooses_the_format(accept, expected):
    assert (expected, expected is OPENMETRICS) == negotiate(accept)
