"""The meter: moves the catalogue's metrics, and reads them merged over all processes.

Every process writes its own slot of one block of memory and reads all of them, so that any can
show the whole. What a slot counted outlives the process that counted it.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from itertools import product
from operator import attrgetter
from typing import Any

from gatewatch.backends.telemetry.layout import FINGERPRINT, Place, lay_out
from gatewatch.backends.telemetry.memory import CELL_BYTES, Cells, private
from gatewatch.catalogue.event import Event
from gatewatch.catalogue.metric import Count, Counter, Gauge, Histogram, Merge, Metric, Series
from gatewatch.catalogue.metrics import AUDIT_IN_FLIGHT, HTTP_REQUESTS, OUTAGES
from gatewatch.catalogue.outcomes import HttpMethod

Move = Callable[[float], None]
"""Moves one series: adds to a counter, sets a gauge, observes for a histogram."""
Witness = Callable[[Event], None]
Reading = tuple[Series, Sequence[float]]
"""The label values of a series; then its value, or its observations per bucket and their sum."""


class Meter:
    """Every metric of one process, as a slot among those of its siblings.

    It is moved from one thread, the event loop's: adding to a cell is a read and a write.

    Raises:
        ValueError: when the memory is too small for so many routes.
    """

    def __init__(
        self,
        metrics: tuple[Metric, ...],
        routes: tuple[str, ...] = (),
        memory: memoryview | None = None,
        slot: int = 0,
        slots: int = 1,
    ) -> None:
        layout = lay_out(metrics, routes)
        block = private(layout.cells * slots) if memory is None else memory
        self.metrics = metrics
        self._layout = layout
        self._stride = len(block) // CELL_BYTES // slots
        if layout.cells > self._stride:
            raise ValueError(f"{layout.cells} cells of metrics do not fit into {self._stride}")
        self._cells: Cells = block[: self._stride * slots * CELL_BYTES].cast("d")
        self._base = slot * self._stride
        self._slots = slots
        self._known = {layout.fingerprint, lay_out(metrics, ()).fingerprint}
        self._moves: dict[tuple[str, Series], Move] = {}
        self._callbacks: dict[Move, Callable[[], float]] = {}
        self._take_seat()
        self._witnesses = self._swear_in()

    def tally(self, counter: Counter, *labels: str) -> None:
        """Count one more."""
        self._move(counter, labels)(1.0)

    def observe(self, histogram: Histogram, value: float, *labels: str) -> None:
        """Note how long one took (seconds), or how large it was."""
        self._move(histogram, labels)(value)

    def set(self, gauge: Gauge, value: float, *labels: str) -> None:
        """Say how much there is now, in this process."""
        self._move(gauge, labels)(value)

    def gauge(self, gauge: Gauge, callback: Callable[[], float], *labels: str) -> None:
        """Ask `callback` how much there is, whenever `refresh` is called."""
        self._callbacks[self._move(gauge, labels)] = callback

    def bound(self, metric: Metric, *labels: str) -> Move:
        """Resolve one series once, for a site too hot to look it up each time."""
        return self._move(metric, labels)

    def saw(self, event: Event) -> None:
        """Move every counter that counts events of this class."""
        for witness in self._witnesses.get(type(event), ()):
            witness(event)

    def refresh(self) -> None:
        """Set the gauges that have callbacks; other processes read what was set last."""
        for move, callback in self._callbacks.items():
            move(callback())

    def vacate(self, slot: int) -> None:
        """Forget the gauges of a process that is gone; its counters stay."""
        self._clear_gauges(slot * self._stride)

    def value(self, metric: Metric, *labels: str) -> float:
        """One series over all processes; of a histogram, the number of observations."""
        place = self._layout.places[metric.name]
        values = self._read(place, place.rank(labels), self._bases())
        return sum(values[:-1]) if isinstance(metric, Histogram) else values[0]

    def own(self, metric: Metric, *labels: str) -> float:
        """One series of this slot alone, with what its predecessors counted."""
        place = self._layout.places[metric.name]
        values = self._read(place, place.rank(labels), [self._base])
        return sum(values[:-1]) if isinstance(metric, Histogram) else values[0]

    def readings(self, metric: Metric) -> Iterator[Reading]:
        """Every series over all processes; of a sparse metric, those ever observed."""
        place = self._layout.places[metric.name]
        bases = self._bases()
        seen = self._seen(place, bases) if place.sparse else None
        for rank, labels in enumerate(product(*place.ranks)):
            if seen is None or seen[rank]:
                yield labels, self._read(place, rank, bases)

    def _take_seat(self) -> None:
        """Carry on in this slot: keep its counters, forget its predecessor's gauges."""
        layout = self._layout
        own = self._cells[self._base : self._base + layout.cells]
        if own[FINGERPRINT] not in self._known:
            own.cast("B")[:] = bytes(layout.cells * CELL_BYTES)
        own[FINGERPRINT] = layout.fingerprint
        self._clear_gauges(self._base)

    def _clear_gauges(self, base: int) -> None:
        """Forget how much there was, but for the events that a process left in its spool.

        Those are in flight until the journal of its successor, which takes them over, says
        otherwise.
        """
        for place in self._layout.places.values():
            if isinstance(place.metric, Gauge) and place.metric is not AUDIT_IN_FLIGHT:
                for cell in range(base + place.first, base + place.end):
                    self._cells[cell] = 0.0

    def _bases(self) -> list[int]:
        """Where the slots begin that are laid out as we are; a newer release's are not."""
        starts = range(0, self._slots * self._stride, self._stride)
        return [start for start in starts if self._cells[start + FINGERPRINT] in self._known]

    def _seen(self, place: Place, bases: list[int]) -> list[bool]:
        flags = (self._cells[base + place.start : base + place.first].tolist() for base in bases)
        return [any(series) for series in zip(*flags, strict=True)]

    def _read(self, place: Place, rank: int, bases: list[int]) -> Sequence[float]:
        at = place.first + rank * place.width
        rows = [self._cells[base + at : base + at + place.width].tolist() for base in bases]
        if isinstance(place.metric, Gauge) and place.metric.merge is Merge.MAX:
            return [max(row[0] for row in rows)]
        return [sum(column) for column in zip(*rows, strict=True)]

    def _move(self, metric: Metric, labels: Series) -> Move:
        try:
            return self._moves[metric.name, labels]
        except KeyError:
            move = self._moves[metric.name, labels] = self._resolve(metric, labels)
            return move

    def _resolve(self, metric: Metric, labels: Series) -> Move:
        place = self._layout.places[metric.name]
        rank = place.rank(labels)
        at = self._base + place.first + rank * place.width
        match metric:
            case Histogram(buckets=bounds, sparse=True):
                return _marking(self._cells, bounds, at, self._base + place.start + rank)
            case Histogram(buckets=bounds):
                return _observing(self._cells, bounds, at)
            case Gauge():
                return _setting(self._cells, at)
            case _:
                return _adding(self._cells, at)

    def _swear_in(self) -> dict[type[Event], tuple[Witness, ...]]:
        witnesses: dict[type[Event], tuple[Witness, ...]] = {}
        for counter in (metric for metric in self.metrics if isinstance(metric, Counter)):
            for count in counter.counts:
                told = witnesses.get(count.event, ())
                witnesses[count.event] = (*told, self._witness(counter, count))
        return witnesses

    def _witness(self, counter: Counter, count: Count) -> Witness:
        """How one class of event moves one counter, resolved for every value it can bear."""
        told = {field.name for field in fields(count.event)} - count.labels.keys()
        names = [label for label in counter.labels if label in told]
        values = [
            tuple(kind) if label in told else (_constant(count, label),)
            for label, kind in counter.labels.items()
        ]
        moves = {
            tuple(
                value for label, value in zip(counter.labels, labels, strict=True) if label in told
            ): self._move(counter, labels)
            for labels in product(*values)
        }
        return _witnessing(names, moves)


class RequestMeter:
    """Times the requests answered: the one site of HTTP_REQUESTS.

    A method that is not in the catalogue is counted as ``_OTHER``.

    Raises:
        ValueError: for a route or a status that is not in the catalogue.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._moves: dict[tuple[str, str, int], Move] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        try:
            move = self._moves[method, route, status]
        except KeyError:
            move = self._resolve(method, route, status)
        move(seconds)

    def cut_short(self, dependency: str) -> None:
        """Note a request that an outage of `dependency` cut short."""
        self._meter.tally(OUTAGES, dependency)

    def _resolve(self, method: str, route: str, status: int) -> Move:
        known = method if method in _METHODS else HttpMethod.OTHER
        move = self._meter.bound(HTTP_REQUESTS, known, route, str(status))
        if known is method:
            self._moves[method, route, status] = move
        return move


_METHODS = frozenset(member.value for member in HttpMethod)


def _constant(count: Count, label: str) -> str:
    return str(count.labels[label] if label in count.labels else getattr(count.event, label))


def _witnessing(names: list[str], moves: dict[Series, Move]) -> Witness:
    if not names:
        (only,) = moves.values()
        return lambda _event: only(1.0)
    told: Callable[[Event], Any] = attrgetter(*names)
    if len(names) == 1:
        single = {value: move for (value,), move in moves.items()}
        return lambda event: single[told(event)](1.0)
    return lambda event: moves[told(event)](1.0)


def _adding(cells: Cells, at: int) -> Move:
    def add(by: float) -> None:
        cells[at] += by

    return add


def _setting(cells: Cells, at: int) -> Move:
    def set_to(value: float) -> None:
        cells[at] = value

    return set_to


def _observing(cells: Cells, bounds: tuple[float, ...], at: int) -> Move:
    total = at + len(bounds) + 1

    def observe(value: float) -> None:
        cells[at + bisect_left(bounds, value)] += 1.0
        cells[total] += value

    return observe


def _marking(cells: Cells, bounds: tuple[float, ...], at: int, flag: int) -> Move:
    observe = _observing(cells, bounds, at)

    def mark(value: float) -> None:
        observe(value)
        cells[flag] = 1.0

    return mark
