"""Statistics of the audit log: how many events, of which kinds, by whom, and when.

What is old enough to have been tallied is looked up; the rest is counted in the log itself, so
an event counts as soon as it is a row.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gatewatch.audit import tally_store, word_store
from gatewatch.audit.kinds import Kind
from gatewatch.audit.span import Span, at, time_of
from gatewatch.audit.tally_store import DAY, HOUR
from gatewatch.backends.database import Database
from gatewatch.catalogue.event import Severity, Status

TOP: Final = 10
"""Actors, addresses and clients that are told."""

_CANDIDATES: Final = 200
"""Values that are looked at for the top ones, since the newest events are counted apart."""

_LATE: Final = timedelta(minutes=1)
"""By how much an event may usually be tallied later than one that happened after it."""

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BY_HOUR_UNTIL: Final = timedelta(days=3)
"""Up to how long a time is shown by the hour."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour, or one day: its events, by how grave they are."""

    begins: datetime
    by_severity: dict[str, int]

    @property
    def events(self) -> int:
        """All of them."""
        return sum(self.by_severity.values())


@dataclass(frozen=True, slots=True)
class Statistics:
    """What happened in a time."""

    start_time: datetime | None
    end_time: datetime | None
    total_events: int
    events_by_type: dict[str, int]
    events_by_severity: dict[str, int]
    success_count: int
    failure_count: int
    by_actor: dict[str, int]
    by_address: dict[str, int]
    by_client: dict[str, int]
    by_hour: bool
    """Whether a bar is an hour; else it is a day."""
    bars: tuple[Bar, ...]


async def statistics(
    database: Database, start: datetime | None, end: datetime | None, now: datetime
) -> Statistics:
    """What happened from `start` on, and before `end`."""
    since, until = start or _EVER, end or now + timedelta(days=1)
    horizon = await _horizon(database)
    by_hour = until - since <= _BY_HOUR_UNTIL
    counted = await _by_kind(database, since, until, horizon, HOUR if by_hour else DAY)
    tops = {
        f"by_{name}": await _top(database, name, since, until, horizon)
        for name in tally_store.COLUMNS
    }
    types: Counter[str] = Counter()
    severities: Counter[str] = Counter({severity.value: 0 for severity in Severity})
    outcomes: Counter[str] = Counter()
    bars: dict[str, Counter[str]] = {}
    for (stretch, text), number in counted.items():
        kind = Kind.read(text)
        types[kind.event_type] += number
        severities[kind.severity] += number
        outcomes[kind.success] += number
        bars.setdefault(stretch, Counter())[kind.severity] += number
    return Statistics(
        start,
        end,
        types.total(),
        dict(types.most_common()),
        dict(severities),
        outcomes[Status.SUCCESS],
        outcomes[Status.FAILURE],
        **tops,
        by_hour=by_hour,
        bars=_bars(bars, since, min(until, now), by_hour=by_hour),
    )


def _bars(
    found: dict[str, Counter[str]], since: datetime, until: datetime, *, by_hour: bool
) -> tuple[Bar, ...]:
    """A bar for each stretch, also where nothing happened, from the first that something did."""
    form, length = (HOUR, timedelta(hours=1)) if by_hour else (DAY, timedelta(days=1))
    if not found:
        return ()
    begin = datetime.strptime(min(found), form).replace(tzinfo=UTC)
    if since > _EVER:
        begin = min(begin, _floor(since, length))
    bars = []
    while begin <= until or begin.strftime(form) in found:
        bars.append(Bar(begin, dict(found.get(begin.strftime(form), {}))))
        begin += length
    return tuple(bars)


async def _horizon(database: Database) -> datetime:
    """What happened before it has been tallied."""
    seen = await word_store.progress(database)
    return _EVER if seen is None else max(time_of(seen[1]) - _LATE, _EVER)


async def _by_kind(
    database: Database, since: datetime, until: datetime, horizon: datetime, form: str
) -> Counter[tuple[str, str]]:
    length = len(since.strftime(form))
    hour = timedelta(hours=1)
    first, last = _ceiling(since, hour), _floor(min(until, horizon), hour)
    counted: Counter[tuple[str, str]] = Counter()
    for begin, end in _apart(since, until, first, last):
        rows = await tally_store.kinds_counted(database, _between(begin, end), begin, end, length)
        counted.update({(stretch, kind): number for stretch, kind, number in rows})
    if first < last:
        bounds = first.strftime(HOUR), last.strftime(HOUR)
        rows = await tally_store.kinds_tallied(database, *bounds, length)
        counted.update({(stretch, kind): number for stretch, kind, number in rows})
    return counted


async def _top(
    database: Database, dimension: str, since: datetime, until: datetime, horizon: datetime
) -> dict[str, int]:
    day = timedelta(days=1)
    first, last = _ceiling(since, day), _floor(min(until, horizon), day)
    counted: Counter[str] = Counter()
    for begin, end in _apart(since, until, first, last):
        span = _between(begin, end)
        counted.update(await tally_store.values_counted(database, dimension, span, begin, end))
    if first < last:
        bounds = first.strftime(DAY), last.strftime(DAY)
        counted.update(await tally_store.values_tallied(database, dimension, *bounds, _CANDIDATES))
    return dict(counted.most_common(TOP))


def _apart(
    since: datetime, until: datetime, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    """What is not tallied: before the first whole stretch, and from the last on."""
    if first >= last:
        return [(since, until)] if since < until else []
    return [(begin, end) for begin, end in ((since, first), (last, until)) if begin < end]


def _between(begin: datetime, end: datetime) -> Span:
    return Span(at(begin, -1), at(end, 1))


def _floor(moment: datetime, length: timedelta) -> datetime:
    return moment - (moment - _EVER) % length


def _ceiling(moment: datetime, length: timedelta) -> datetime:
    floor = _floor(moment, length)
    return floor if floor == moment else floor + length
