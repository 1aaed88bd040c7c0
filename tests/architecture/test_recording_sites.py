"""Each event is recorded at one site, each tally moved at one; none is declared in vain."""

import ast
from collections import Counter as Tally
from pathlib import Path

import gatewatch
from gatewatch.catalogue import metrics
from gatewatch.catalogue.events import EVENTS
from gatewatch.catalogue.metric import Counter, Metric
from gatewatch.catalogue.not_yet_recorded import NOT_YET_RECORDED

SOURCE = Path(gatewatch.__file__).parent
NAMES = {name: value for name, value in vars(metrics).items() if isinstance(value, Metric)}


def trees() -> list[ast.Module]:
    return [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in SOURCE.rglob("*.py")
        if "catalogue" not in path.relative_to(SOURCE).parts
    ]


def constructed() -> Tally[str]:
    return Tally(
        node.func.id
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )


def mentioned() -> Tally[str]:
    return Tally(
        node.id
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in NAMES
    )


def test_each_event_is_recorded_at_one_site() -> None:
    sites = constructed()
    expected = {event.__name__: 0 if event in NOT_YET_RECORDED else 1 for event in EVENTS}
    assert {event.__name__: sites[event.__name__] for event in EVENTS} == expected


def test_every_metric_is_moved() -> None:
    sites = mentioned()
    moved_by_events = {
        name for name, metric in NAMES.items() if isinstance(metric, Counter) and metric.counts
    }
    assert {name for name in NAMES if not sites[name]} == moved_by_events


def test_every_metric_is_listed() -> None:
    listed = [metric.name for metric in metrics.METRICS]
    assert sorted(metric.name for metric in NAMES.values()) == sorted(listed)


def test_the_recording_site_of_a_listed_event_would_be_noticed() -> None:
    assert not (NOT_YET_RECORDED - set(EVENTS))
