"""Where each series has its cells: the same in every process, computed from the catalogue.

::

    slot   | fingerprint | metric | metric | ... | metrics labelled by route |
    metric | seen flag per series, if sparse | series | series | ...
    series | value                              of a counter or gauge
           | observations per bucket ... | sum  of a histogram
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

from gatewatch.catalogue.metric import Histogram, Metric, Route, Series

FINGERPRINT: Final = 0
"""The cell that holds the layout's fingerprint."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one metric lies in a slot."""

    metric: Metric
    start: int
    ranks: tuple[dict[str, int], ...]
    """For each label, the rank of each of its values."""

    @property
    def count(self) -> int:
        """How many series there are."""
        return reduce(lambda count, ranks: count * len(ranks), self.ranks, 1)

    @property
    def width(self) -> int:
        """Cells of one series."""
        return len(self.metric.buckets) + 2 if isinstance(self.metric, Histogram) else 1

    @property
    def sparse(self) -> bool:
        """Whether a series appears only once it was observed."""
        return isinstance(self.metric, Histogram) and self.metric.sparse

    @property
    def first(self) -> int:
        """The first cell of the first series."""
        return self.start + (self.count if self.sparse else 0)

    @property
    def end(self) -> int:
        """The cell after the last."""
        return self.first + self.count * self.width

    def rank(self, labels: Series) -> int:
        """Which series has these label values.

        Raises:
            ValueError: when the metric is never labelled so.
        """
        try:
            steps = zip(self.ranks, labels, strict=True)
            return reduce(lambda rank, step: rank * len(step[0]) + step[0][step[1]], steps, 0)
        except (KeyError, ValueError):
            raise ValueError(f"{self.metric.name} has no series {tuple(labels)!r}") from None


@dataclass(frozen=True, slots=True)
class Layout:
    """Every metric's place, the number of cells in a slot, and what tells this layout apart."""

    places: dict[str, Place]
    cells: int
    fingerprint: float


def lay_out(metrics: tuple[Metric, ...], routes: tuple[str, ...]) -> Layout:
    """Give each metric its place.

    Metrics labelled by route come last: a process that knows no routes then agrees with the
    others on all the rest.
    """
    places = {place.metric.name: place for place in _places(metrics, routes)}
    cells = max((place.end for place in places.values()), default=FINGERPRINT + 1)
    return Layout(places, cells, _fingerprint(places))


def _places(metrics: tuple[Metric, ...], routes: tuple[str, ...]) -> Iterator[Place]:
    start = FINGERPRINT + 1
    for metric in sorted(metrics, key=lambda metric: Route in metric.labels.values()):
        place = Place(metric, start, _ranks(metric, routes))
        yield place
        start = place.end


def _ranks(metric: Metric, routes: tuple[str, ...]) -> tuple[dict[str, int], ...]:
    return tuple(
        {value: rank for rank, value in enumerate(routes if label is Route else label)}
        for label in metric.labels.values()
    )


def _fingerprint(places: dict[str, Place]) -> float:
    shape = [(name, place.start, place.ranks, place.width) for name, place in places.items()]
    return float(zlib.crc32(repr(shape).encode()))
