"""A stretch of the log: ids are ordered by time, so a time is a place among them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gatewatch.audit.search import Search
from gatewatch.kernel import ids

FIRST: Final = "evt_"
"""Less than any event's id."""

LAST: Final = "evt_g"
"""Greater than any event's id, whose digits are hexadecimal."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(milliseconds=1)
"""What an id's time is rounded down to."""


@dataclass(frozen=True, slots=True)
class Span:
    """The events between two ids, neither of which is included."""

    lowest: str = FIRST
    highest: str = LAST
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def exact(self) -> frozenset[str]:
        """The times that an event's own is compared with, where its id's is too coarse."""
        given = {"start_time": self.start_time, "end_time": self.end_time}
        return frozenset(name for name, moment in given.items() if moment is not None)


def span_of(search: Search, before: str | None = None, after: str | None = None) -> Span:
    """Where the events of a search lie, that are older or newer than certain others."""
    lows = [FIRST, after or FIRST]
    highs = [LAST, before or LAST]
    if search.start_time is not None:
        lows.append(at(search.start_time, -1))
    if search.end_time is not None:
        highs.append(at(search.end_time, 2))
    return Span(max(lows), min(highs), search.start_time, search.end_time)


def at(moment: datetime, ticks: int = 0) -> str:
    """The least id that an event of a moment could have, some milliseconds later."""
    try:
        return ids.earliest(ids.event_id, max(moment + ticks * _TICK, _EPOCH))
    except OverflowError:
        return FIRST if ticks < 0 else LAST


def earlier(event_id: str, by: timedelta) -> str:
    """Less than the ids of events up to so much earlier than one."""
    if len(event_id) <= len(FIRST):
        return FIRST
    milliseconds = int(event_id[4:16], 16) - by // _TICK
    return f"{FIRST}{max(milliseconds, 0):012x}"


def time_of(event_id: str) -> datetime:
    """When the event with an id happened, to the millisecond."""
    if len(event_id) <= len(FIRST):
        return _EPOCH
    return _EPOCH + int(event_id[4:16], 16) * _TICK
