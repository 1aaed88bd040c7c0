"""What the audit log is asked, read strictly: a typo is refused, and never widens the answer."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from gatewatch.audit.log import Cursor, Direction
from gatewatch.audit.search import Choice, Search
from gatewatch.audit.span import at
from gatewatch.catalogue.event import ResourceType, Severity, Status
from gatewatch.catalogue.events import EVENTS
from gatewatch.kernel.errors import Refusal
from gatewatch.settings.durations import parse_duration

PAGE_SIZE: Final = 20
"""Events on a page unless asked otherwise (AuthGate's guide)."""

LARGEST_PAGE: Final = 100
"""Events on a page at most, as in AuthGate's."""

LONGEST_VALUE: Final = 200
"""Characters of a value; as many as are kept of an id."""

EVENT_TYPES: Final = tuple(sorted({event.type for event in EVENTS}))
ACTIONS: Final = tuple(sorted({event.action for event in EVENTS}))

S = TypeVar("S")
T = TypeVar("T")

_Text = Annotated[str, Meta(max_length=200)]
_Moment = Annotated[datetime, Meta(tz=True)]


class _Once(msgspec.Struct, frozen=True, kw_only=True):
    """Filters that are said once."""

    search: _Text | None = None
    since: str | None = None
    start_time: _Moment | None = None
    end_time: _Moment | None = None
    at: str | None = None
    page_size: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = PAGE_SIZE
    cursor: Annotated[str, Meta(pattern=r"^(older|newer)\.evt_[0-9a-f]{32}$")] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the audit log: what to look for, where to go on from, how much to show."""

    search: Search
    cursor: Cursor | None
    size: int
    asked: tuple[tuple[str, str], ...]
    """The filters as they were written, without the way to where the page begins."""

    def onward(self, cursor: Cursor | None) -> str | None:
        """The same question from `cursor` on, as a query string; None where nothing follows."""
        if cursor is None:
            return None
        return urlencode([*self.asked, ("cursor", cursor_text(cursor))])


def cursor_text(cursor: Cursor) -> str:
    """How a place in the log is written in an address."""
    return f"{cursor.direction.value}.{cursor.event_id}"


def read_query(
    asked: Mapping[str, str] | Iterable[tuple[str, str]],
    now: datetime,
    *,
    others: frozenset[str] = frozenset(),
) -> Query:
    """Read a question: a filter said twice means either, and one that begins with ! means not.

    Args:
        asked: the parameters, in their order
        now: what durations are counted back from
        others: parameters that mean something to whoever asks, and nothing here

    Raises:
        Refusal: invalid_input, naming the filter that is unknown or cannot be understood.
    """
    given = asked.items() if isinstance(asked, Mapping) else asked
    pairs = tuple((name, text) for name, text in given if name not in others)
    once = _said_once({name: text for name, text in pairs if name not in CHOICES}, pairs)
    chosen: dict[str, list[str]] = {}
    for name, text in pairs:
        if name in CHOICES:
            chosen.setdefault(_OTHER_NAMES.get(name, name), []).append(text)
    since = _understood("since", once.since, lambda text: moment_of(text, now))
    start_time = _understood("start_time", once.start_time, _in_utc)
    search = Search(
        **{name: _choice(name, texts) for name, texts in chosen.items()},
        search=once.search,
        start_time=max(filter(None, (since, start_time)), default=None),
        end_time=_understood("end_time", once.end_time, _in_utc),
    )
    cursor = _cursor(once.cursor) or _understood("at", once.at, lambda text: _jump(text, now))
    left = tuple(pair for pair in pairs if pair[0] not in {"cursor", "at"})
    return Query(search, cursor, once.page_size, left)


def _said_once(given: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> _Once:
    names = [name for name, _ in pairs if name not in CHOICES]
    for name in names:
        if name not in _Once.__struct_fields__:
            raise Refusal("invalid_input", f"There is no filter {name[:60]!r}.")
        if names.count(name) > 1:
            raise Refusal("invalid_input", f"The filter {name} is repeated.")
    try:
        return msgspec.convert(given, _Once, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_input", f"A filter cannot be understood: {error}.") from None


def _choice(name: str, texts: Sequence[str]) -> Choice:
    """Read the values of one filter: those that are wanted, and those behind a !."""
    read = CHOICES[name]
    values: dict[bool, set[str]] = {True: set(), False: set()}
    for text in texts:
        wanted = not text.startswith("!")
        bare = text if wanted else text[1:]
        if not bare or len(bare) > LONGEST_VALUE:
            raise Refusal("invalid_input", f"The filter {name} cannot be understood.")
        values[wanted].add(_understood(name, bare, read) or bare)
    return Choice(frozenset(values[True]), frozenset(values[False]))


def _one_of(name: str, words: Collection[str]) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in words:
            raise Refusal("invalid_input", f"There is no {name} {word[:60]!r}.")
        return word

    return read


def _success(text: str) -> str:
    return {"true": Status.SUCCESS, "false": Status.FAILURE}[text.lower()].value


def _address(text: str) -> str:
    """Read an address, or a network, whose host bits do not matter."""
    if "/" in text:
        network = ip_network(text, strict=False)
        alone = network.prefixlen == network.max_prefixlen
        return str(network.network_address if alone else network)
    return str(ip_address(text))


CHOICES: Final[dict[str, Callable[[str], str]]] = {
    "event_type": _one_of("event_type", EVENT_TYPES),
    "action": _one_of("action", ACTIONS),
    "severity": _one_of("severity", tuple(Severity)),
    "success": _success,
    "actor": str,
    "actor_user_id": str,
    "actor_ip": _address,
    "resource_type": _one_of("resource_type", tuple(ResourceType)),
    "resource_id": str,
    "client_id": str,
    "organization_id": str,
    "request_id": str,
    "session_id": str,
}
"""Filters that name values, and how a value is read."""

_OTHER_NAMES: Final = {"actor_user_id": "actor"}
"""AuthGate's words for what we call otherwise."""

FILTERS: Final = (*CHOICES, *(name for name in _Once.__struct_fields__))
"""Every parameter that is understood."""


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    direction, _, event_id = text.partition(".")
    return Cursor(Direction(direction), event_id)


def _jump(text: str, now: datetime) -> Cursor:
    """A place in the log: a day, whose last event comes first, or a moment."""
    moment = moment_of(text, now)
    if len(text) == len("2026-02-08"):
        moment += timedelta(days=1)
    return Cursor(Direction.OLDER, at(moment))


def moment_of(text: str, now: datetime) -> datetime:
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
    except (ValueError, OverflowError, KeyError):
        raise Refusal("invalid_input", f"The filter {name} cannot be understood.") from None
