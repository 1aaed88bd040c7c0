"""Statistics of the audit log: as a page with a chart, and as JSON in AuthGate's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Self

from gatewatch.admin.filters import read_query
from gatewatch.audit.log import AuditLog
from gatewatch.audit.statistics import Bar, Statistics
from gatewatch.catalogue.event import Severity
from gatewatch.http.csrf import Csrf
from gatewatch.http.forms import parse_pairs
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import Clock

WIDTH: Final = 1000
HEIGHT: Final = 220
"""The chart's size, in units of its own."""

_LABELS: Final = 8
"""Times written below the chart, at most."""

_TIMES: Final = frozenset({"since", "start_time", "end_time"})
_SPANS: Final = (
    ("24h", "24 hours"),
    ("168h", "7 days"),
    ("720h", "30 days"),
    ("2160h", "90 days"),
)
_DEFAULT_SPAN: Final = "720h"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a bar of the chart."""

    severity: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the chart, and what it says when pointed at."""

    blocks: tuple[Block, ...]
    x: float
    width: float
    title: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars beside each other, as high as there were events."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[float, int], ...]
    """Where a line is drawn, and the number that it stands for."""
    width: ClassVar[int] = WIDTH
    height: ClassVar[int] = HEIGHT


def chart_of(statistics: Statistics) -> Chart:
    """Lay out the chart."""
    bars = statistics.bars
    top = _round(max((bar.events for bar in bars), default=0))
    slot = WIDTH / max(len(bars), 1)
    every = -(-len(bars) // _LABELS)
    form = "%H:%M" if statistics.by_hour else "%d %b"
    columns = tuple(
        Column(
            tuple(_blocks(bar, index * slot, slot, top)),
            index * slot,
            slot,
            _title(bar, by_hour=statistics.by_hour),
            f"{bar.begins:{form}}" if index % every == 0 else None,
        )
        for index, bar in enumerate(bars)
    )
    lines = tuple((HEIGHT * (1 - part / 2), top * part // 2) for part in (1, 2))
    return Chart(columns, lines)


def _title(bar: Bar, *, by_hour: bool) -> str:
    when = f"{bar.begins:%d %b %Y, %H:%M}" if by_hour else f"{bar.begins:%a %d %b %Y}"
    parts = [f"{number:,} {name.lower()}" for name, number in bar.by_severity.items() if number]
    return f"{when}: {', '.join(parts) or 'nothing'}"


def _blocks(bar: Bar, x: float, slot: float, top: int) -> Iterator[Block]:
    gap = min(slot * 0.2, 3)
    y = float(HEIGHT)
    for severity in Severity:
        if number := bar.by_severity.get(severity):
            # What is rare is the more to be seen.
            height = max(HEIGHT * number / top, 2)
            y -= height
            yield Block(severity.lower(), round(x + gap / 2, 2), round(y, 2),
                        round(slot - gap, 2), round(height, 2))  # fmt: skip


def _round(number: int) -> int:
    """The next number that is even to the eye, and can be halved."""
    if number <= 10:  # noqa: PLR2004 - ten is such a number
        return 10
    power: int = 10 ** (len(str(number)) - 1)
    tops = (power * step // 10 for step in (10, 12, 16, 20, 30, 40, 60, 80, 100))
    return next(top for top in tops if top >= number)


@dataclass(frozen=True, slots=True)
class StatisticsPage:
    """What happened in a time, at a glance."""

    template: ClassVar[str] = "admin/audit_statistics.html"
    spans: ClassVar[tuple[tuple[str, str], ...]] = _SPANS
    viewer: Viewer
    since: str
    statistics: Statistics
    problem: str | None = None

    @property
    def chart(self) -> Chart:
        """Its chart."""
        return chart_of(self.statistics)

    @property
    def failure_share(self) -> str:
        """How many of a hundred events were failures."""
        total = self.statistics.total_events
        return f"{100 * self.statistics.failure_count / total:.1f} %" if total else "0 %"

    @property
    def rankings(self) -> tuple[tuple[str, str, Mapping[str, int]], ...]:
        """Tables: what each is of, the filter that its values are for, and its numbers."""
        told = self.statistics
        return (
            ("Event", "event_type", told.events_by_type),
            ("Actor", "actor", told.by_actor),
            ("Address", "actor_ip", told.by_address),
            ("Client", "client_id", told.by_client),
        )

    @classmethod
    def sample(cls) -> Self:
        begin = datetime(2026, 1, 10, tzinfo=UTC)
        bars = tuple(
            Bar(
                begin + timedelta(days=day),
                {"INFO": 300 + 40 * (day % 7), "WARNING": 9 * (day % 5), "CRITICAL": day % 9 // 8},
            )
            for day in range(30)
        )
        types = {"ACCESS_TOKEN_ISSUED": 7_204, "AUTHENTICATION_SUCCESS": 5_120}
        types |= {"AUTHENTICATION_FAILURE": 540, "SUSPICIOUS_ACTIVITY": 3}
        severities = {"INFO": 12_324, "WARNING": 540, "ERROR": 0, "CRITICAL": 3}
        actors = {"acc_019a7c52e8f19c4b6a1d2e3f40516273": 811}
        return cls(
            Viewer.sample(),
            "720h",
            Statistics(
                begin, None, 12_867, types, severities, 12_324, 543, actors,
                {"203.0.113.9": 412}, {"gatewatch-cli": 220}, by_hour=False, bars=bars,
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditStatistics:
    """Counts what is in the audit log."""

    log: AuditLog
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    clock: Clock

    async def page(self, request: Request) -> Response:
        """GET /admin/audit/statistics."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        given = dict(_times(parse_pairs(request.raw_query)))
        asked = given or {"since": _DEFAULT_SPAN}
        search = read_query(asked, self.clock.now()).search
        statistics = await self.log.statistics(
            search, by=visitor.actor, origin=visitor.origin(request.origin)
        )
        viewer = viewer_of(visitor, self.csrf)
        return self.pages.response(StatisticsPage(viewer, asked.get("since", ""), statistics))

    async def api(self, request: Request) -> Response:
        """GET /admin/audit/api/stats."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        pairs = _times(parse_pairs(request.raw_query))
        search = read_query(pairs, self.clock.now()).search
        statistics = await self.log.statistics(
            search, by=visitor.actor, origin=visitor.origin(request.origin)
        )
        return private_json(stats_json(statistics))


def _times(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for name, _ in pairs:
        if name not in _TIMES:
            raise Refusal("invalid_input", f"Statistics have no filter {name[:60]!r}.")
    return pairs


def stats_json(statistics: Statistics) -> dict[str, Any]:
    """Statistics under AuthGate's names, and with ours beside them."""
    return {
        "stats": {
            "total_events": statistics.total_events,
            "events_by_type": statistics.events_by_type,
            "events_by_severity": statistics.events_by_severity,
            "success_count": statistics.success_count,
            "failure_count": statistics.failure_count,
            "by_actor": statistics.by_actor,
            "by_address": statistics.by_address,
            "by_client": statistics.by_client,
            "over_time": [
                {"begins": bar.begins, "events": bar.events, "by_severity": bar.by_severity}
                for bar in statistics.bars
            ],
        },
        "start_time": statistics.start_time,
        "end_time": statistics.end_time,
    }
