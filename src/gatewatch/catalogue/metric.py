"""Metrics as typed objects. Every label is an enum or a route, so all series are known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Final

from gatewatch.catalogue.event import Event


class Route(StrEnum):
    """Marks a label whose values are the route templates of the application."""


class Merge(StrEnum):
    """How a gauge of several workers becomes one."""

    SUM = "sum"
    MAX = "max"


Labels = Mapping[str, type[StrEnum]]
Series = tuple[str, ...]
"""The values of a metric's labels, in the order of declaration."""

LATENCY_SECONDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
"""Bucket bounds in seconds (OpenTelemetry, http.server.request.duration)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The root of every metric."""

    name: str
    help: str
    labels: Labels = field(default_factory=dict)

    def series(self, routes: tuple[str, ...] = ()) -> Iterator[Series]:
        """Every combination of label values that can occur."""
        values = (
            routes if label is Route else tuple(member.value for member in label)
            for label in self.labels.values()
        )
        return product(*values)


@dataclass(frozen=True, slots=True)
class Count:
    """One event that moves a counter.

    Label values come from `labels`, else from the event's field or class variable of that name.
    """

    event: type[Event]
    labels: Mapping[str, StrEnum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Metric):
    """Something that happened, so many times.

    A counter with `counts` has no call site: it moves when one of those events is kept. One
    without is a tally, and has exactly one.
    """

    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Metric):
    """Something that is so much right now."""

    merge: Merge = Merge.SUM


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Metric):
    """How long something took, or how large it was."""

    buckets: tuple[float, ...] = LATENCY_SECONDS
    sparse: bool = False
    """Whether a series appears only once it was observed; for metrics labelled by route."""
