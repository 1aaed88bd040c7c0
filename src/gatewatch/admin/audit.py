"""The audit log, for an administrator: as pages, and as JSON in the words of AuthGate's guide."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from inspect import getdoc
from itertools import groupby
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl, urlencode

from gatewatch.admin.filters import ACTIONS, EVENT_TYPES, FILTERS, Query, cursor_text, read_query
from gatewatch.audit.formats.native import as_json
from gatewatch.audit.log import AuditLog, Cursor, LogPage, Neighbours
from gatewatch.audit.row import AuditRow
from gatewatch.audit.saved import SavedSearches
from gatewatch.audit.saved_store import SavedSearch
from gatewatch.catalogue.event import ResourceType, Severity, Status
from gatewatch.catalogue.events import EVENTS
from gatewatch.http.csrf import Csrf
from gatewatch.http.forms import parse_pairs
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json, see_other
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import Clock

_SPANS: Final = (
    ("1h", "the last hour"),
    ("24h", "the last day"),
    ("168h", "the last week"),
    ("720h", "the last 30 days"),
)

_MORE: Final = frozenset(FILTERS) - {
    "search",
    "event_type",
    "severity",
    "since",
    "at",
    "page_size",
    "cursor",
}
"""Filters that the page keeps folded away until one is used."""

_MEANINGS: Final = {event.action: (getdoc(event) or "").partition("\n")[0] for event in EVENTS}


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, in UTC."""

    date: date
    events: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The log, the filters on it, and the way on."""

    template: ClassVar[str] = "admin/audit.html"
    event_types: ClassVar[tuple[str, ...]] = EVENT_TYPES
    actions: ClassVar[tuple[str, ...]] = ACTIONS
    severities: ClassVar[tuple[str, ...]] = tuple(Severity)
    resource_types: ClassVar[tuple[str, ...]] = tuple(ResourceType)
    viewer: Viewer
    asked: Mapping[str, str]
    days: tuple[Day, ...]
    newer: str | None = None
    older: str | None = None
    problem: str | None = None
    query: str = ""
    """The filters as they are written in an address."""
    saved: tuple[SavedSearch, ...] = ()

    @property
    def repeated(self) -> tuple[tuple[str, str], ...]:
        """Filters that the form has no second field for, to be sent along."""
        shown = set(self.asked.items())
        return tuple(pair for pair in parse_qsl(self.query) if pair not in shown)

    @property
    def is_saved(self) -> bool:
        """Whether these very filters are saved already."""
        return self.query in {search.query for search in self.saved}

    @property
    def is_filtered(self) -> bool:
        """Whether anything was asked for in particular."""
        return bool(self.asked)

    @property
    def has_more_filters(self) -> bool:
        """Whether a filter is in use that is folded away otherwise."""
        return not _MORE.isdisjoint(self.asked)

    @property
    def spans(self) -> tuple[tuple[str, str], ...]:
        """Choices of how far back to look, with the one that was typed into the address."""
        since = self.asked.get("since")
        if since is None or since in dict(_SPANS):
            return _SPANS
        return (*_SPANS, (since, since))

    @classmethod
    def sample(cls) -> Self:
        return cls(
            Viewer.sample(),
            {"since": "24h"},
            _by_day(sample_rows()),
            older="?cursor=x",
            query="since=24h",
            saved=(SavedSearch("sch_1", "Failures of today", "success=false&since=24h"),),
        )


_ALONE: Final = Neighbours()


@dataclass(frozen=True, slots=True)
class AuditEventPage:
    """One event, whole."""

    template: ClassVar[str] = "admin/audit_event.html"
    viewer: Viewer
    event: AuditRow
    neighbours: Neighbours = _ALONE

    @property
    def meaning(self) -> str | None:
        """What the catalogue says of such events."""
        return _MEANINGS.get(self.event.action)

    @classmethod
    def sample(cls) -> Self:
        rows = sample_rows()
        return cls(Viewer.sample(), rows[1], Neighbours(rows[:1], rows[2:4], rows[2:]))


@dataclass(frozen=True, slots=True)
class Audit:
    """Shows the audit log to whoever may read it."""

    log: AuditLog
    saved: SavedSearches
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    urls: Urls
    clock: Clock

    async def start(self, request: Request) -> Response:  # noqa: ARG002 - whoever asks
        """GET /admin: what is watched comes first."""
        return see_other(self.urls.local("/admin/audit"))

    async def page(self, request: Request) -> Response:
        """GET /admin/audit."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        viewer = viewer_of(visitor, self.csrf)
        try:
            query = read_query(parse_pairs(request.raw_query), self.clock.now())
        except Refusal as refusal:
            page = AuditPage(viewer, _shown(request), (), problem=refusal.public)
            return self.pages.response(page, 400)
        found = await self._find(query, visitor, request)
        newer, older = self._link(query, found.newer), self._link(query, found.older)
        page = AuditPage(
            viewer,
            dict(reversed(query.asked)),
            _by_day(found.rows),
            newer,
            older,
            query=urlencode(query.asked),
            saved=tuple(await self.saved.list(visitor.account.id)),
        )
        return self.pages.response(page)

    async def event(self, request: Request) -> Response:
        """GET /admin/audit/{event_id}."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        event = await self.log.event(
            request.parameters["event_id"], by=visitor.actor, origin=visitor.origin(request.origin)
        )
        if event is None:
            raise Refusal("not_found", "There is no such event, or it is no longer kept.")
        neighbours = await self.log.around(event)
        return self.pages.response(AuditEventPage(viewer_of(visitor, self.csrf), event, neighbours))

    async def api(self, request: Request) -> Response:
        """GET /admin/audit/api."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        query = read_query(parse_pairs(request.raw_query), self.clock.now())
        found = await self._find(query, visitor, request)
        return private_json(
            {
                "logs": [as_json(row) for row in found.rows],
                "next": cursor_text(found.older) if found.older else None,
                "prev": cursor_text(found.newer) if found.newer else None,
            }
        )

    async def _find(self, query: Query, visitor: SignedIn, request: Request) -> LogPage:
        return await self.log.page(
            query.search,
            query.cursor,
            query.size,
            by=visitor.actor,
            origin=visitor.origin(request.origin),
        )

    def _link(self, query: Query, cursor: Cursor | None) -> str | None:
        onward = query.onward(cursor)
        return None if onward is None else f"{self.urls.local('/admin/audit')}?{onward}"


def _shown(request: Request) -> Mapping[str, str]:
    """What was typed, so that nobody loses it, as far as it can be read."""
    with suppress(Refusal):
        return dict(reversed(parse_pairs(request.raw_query)))
    return {}


def _by_day(rows: Iterable[AuditRow]) -> tuple[Day, ...]:
    days = groupby(rows, key=lambda row: row.created_at.date())
    return tuple(Day(day, tuple(events)) for day, events in days)


def sample_rows() -> tuple[AuditRow, ...]:
    """Some events, for samples of pages."""
    return (
        _sample(21, "AUTHENTICATION_SUCCESS", "auth.login", Severity.INFO),
        _sample(20, "AUTHENTICATION_FAILURE", "auth.login.failed", Severity.WARNING),
        _sample(17, "SUSPICIOUS_ACTIVITY", "oauth.device.code_replayed", Severity.CRITICAL),
        _sample(9, "CLIENT_CREATED", "clients.created", Severity.INFO),
        _sample(-20, "ACCESS_TOKEN_ISSUED", "oauth.token.access_issued", Severity.INFO),
    )


def _sample(hour: int, event_type: str, action: str, severity: Severity) -> AuditRow:
    is_grave = severity is not Severity.INFO
    return AuditRow(
        id=f"evt_019a7c52e8f19c4b6a1d2e3f40516{hour + 500}",
        created_at=datetime(2026, 2, 8, tzinfo=UTC) + timedelta(hours=hour, seconds=hour * 67),
        event_type=event_type,
        action=action,
        severity=severity,
        status=Status.FAILURE if is_grave else Status.SUCCESS,
        actor_id="acc_019a7c52e8f19c4b6a1d2e3f40516273",
        actor_type="account",
        actor_name="ada@example.com",
        organization_id=None,
        client_id="cli_019a7c52e8f19c4b6a1d2e3f40516273",
        session_id=None,
        ip_address="203.0.113.9",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        request_id="req_019a7c52e8f19c4b6a1d2e3f40516273",
        trace_id=None,
        request_method="POST",
        request_path="/login",
        resource_type="USER",
        resource_id="acc_019a7c52e8f19c4b6a1d2e3f40516273",
        resource_name="ada@example.com",
        reason="wrong_password" if is_grave else None,
        metadata={"identifier": "ada@example.com", "outcome": "refused", "attempts": 3},
        emitter="atlas-4711-0",
        sequence=hour + 1000,
    )
