"""What the audit log is asked, read strictly: a typo is refused, and never widens the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from gatewatch.audit.log import Cursor, Direction
from gatewatch.audit.search import Search
from gatewatch.catalogue.event import ResourceType, Severity
from gatewatch.catalogue.events import EVENTS
from gatewatch.kernel.errors import Refusal
from gatewatch.settings.durations import parse_duration

PAGE_SIZE: Final = 20
"""Events on a page unless asked otherwise (AuthGate's guide)."""

LARGEST_PAGE: Final = 100
"""Events on a page at most, as in AuthGate's."""

EVENT_TYPES: Final = tuple(sorted({event.type for event in EVENTS}))
ACTIONS: Final = tuple(sorted({event.action for event in EVENTS}))

S = TypeVar("S")
T = TypeVar("T")

_Text = Annotated[str, Meta(max_length=200)]
_Moment = Annotated[datetime, Meta(tz=True)]


class _Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every filter there is, in AuthGate's words where it has one, and in ours."""

    event_type: str | None = None
    action: str | None = None
    severity: Severity | None = None
    success: bool | None = None
    actor: _Text | None = None
    actor_user_id: _Text | None = None
    actor_ip: str | None = None
    resource_type: ResourceType | None = None
    resource_id: _Text | None = None
    client_id: _Text | None = None
    request_id: _Text | None = None
    search: _Text | None = None
    since: str | None = None
    start_time: _Moment | None = None
    end_time: _Moment | None = None
    page_size: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = PAGE_SIZE
    cursor: Annotated[str, Meta(pattern=r"^(older|newer)\.evt_[0-9a-f]{32}$")] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the audit log: what to look for, where to go on from, how much to show."""

    search: Search
    cursor: Cursor | None
    size: int
    asked: Mapping[str, str]
    """The filters as they were written, without the cursor."""

    def onward(self, cursor: Cursor | None) -> str | None:
        """The same question from `cursor` on, as a query string; None where nothing follows."""
        if cursor is None:
            return None
        return urlencode({**self.asked, "cursor": cursor_text(cursor)})


def cursor_text(cursor: Cursor) -> str:
    """How a place in the log is written in an address."""
    return f"{cursor.direction.value}.{cursor.event_id}"


def read_query(fields: Mapping[str, str], now: datetime) -> Query:
    """Read a question.

    Raises:
        Refusal: invalid_input, naming the filter that is unknown or cannot be understood.
    """
    try:
        filters = msgspec.convert(dict(fields), _Filters, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_input", f"A filter cannot be understood: {error}.") from None
    since = _understood("since", filters.since, lambda text: _since(text, now))
    start_time = _understood("start_time", filters.start_time, _in_utc)
    search = Search(
        event_type=_one_of("event_type", filters.event_type, EVENT_TYPES),
        action=_one_of("action", filters.action, ACTIONS),
        severity=filters.severity,
        success=filters.success,
        actor=filters.actor or filters.actor_user_id,
        actor_ip=_understood("actor_ip", filters.actor_ip, lambda text: str(ip_address(text))),
        resource_type=filters.resource_type,
        resource_id=filters.resource_id,
        client_id=filters.client_id,
        request_id=filters.request_id,
        search=filters.search,
        start_time=max(filter(None, (since, start_time)), default=None),
        end_time=_understood("end_time", filters.end_time, _in_utc),
    )
    asked = {name: text for name, text in fields.items() if name != "cursor"}
    return Query(search, _cursor(filters.cursor), filters.page_size, MappingProxyType(asked))


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    direction, _, event_id = text.partition(".")
    return Cursor(Direction(direction), event_id)


def _one_of(name: str, word: str | None, words: tuple[str, ...]) -> str | None:
    if word is None or word in words:
        return word
    raise Refusal("invalid_input", f"There is no {name} {word[:60]!r}.")


def _since(text: str, now: datetime) -> datetime:
    """A duration before `now`, or a moment (AuthGate's guide writes ``since=24h``)."""
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        return _in_utc(moment) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_utc(moment: datetime) -> datetime:
    """Take a moment's offset off, which may lead out of the years that there are."""
    return moment.astimezone(UTC)


def _understood(name: str, given: S | None, read: Callable[[S], T]) -> T | None:
    try:
        return None if given is None else read(given)
    except (ValueError, OverflowError):
        raise Refusal("invalid_input", f"The filter {name} cannot be understood.") from None
