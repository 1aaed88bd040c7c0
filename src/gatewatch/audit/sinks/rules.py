r"""What a sink is, which events it wants, and when to try again.

::

    (added) --> ACTIVE <--> FAILING        several attempts in a row went wrong; one went well
                  |   \-- pause --> PAUSED -- resume --> ACTIVE
                  (removed, from any)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from gatewatch.audit.formats import Format
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Severity
from gatewatch.catalogue.events.sinks import AuditHeartbeat
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.secrets import Secret

FAILING_AFTER: Final = 3
"""Attempts in a row that go wrong before a sink is said to fail: a restart is no outage."""

FIRST_PAUSE: Final = 1.0
"""Seconds before the second attempt; each further one waits twice as long."""

LONGEST_PAUSE: Final = 60.0
"""Seconds between attempts at most: a receiver that is back is told within a minute."""

LONGEST_ASKED: Final = 600.0
"""Seconds that a receiver can make us wait by Retry-After."""

_GRAVITY: Final = {severity: rank for rank, severity in enumerate(Severity)}


class SinkState(StrEnum):
    """How it stands with a sink."""

    ACTIVE = "active"
    FAILING = "failing"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a sink wants; an empty one wants all."""

    min_severity: Severity = Severity.INFO
    event_types: tuple[str, ...] = ()

    def admits(self, row: AuditRow) -> bool:
        """Whether an event is wanted. A heartbeat always is."""
        if row.action == AuditHeartbeat.action:
            return True
        if self.event_types and row.event_type not in self.event_types:
            return False
        return _GRAVITY[Severity(row.severity)] >= _GRAVITY[self.min_severity]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkPlan:
    """What an operator says of a sink."""

    name: str
    kind: SinkKind
    address: str
    """A URL, or a file's path; there is no secret in it."""
    form: Format
    filter: Filter = field(default_factory=Filter)
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only this kind can be told."""
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """What must be shown to the receiver; it rests sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSink:
    """A sink as it is kept."""

    id: str
    plan: SinkPlan
    state: SinkState
    cursor: int
    """The position of the last event that it has, or did not want."""
    revision: int
    """Grows whenever somebody changes the sink, so that work begun before is not kept."""
    failures: int
    """Attempts in a row that went wrong."""
    last_error: str | None
    last_error_at: datetime | None
    delivered_at: datetime | None
    heartbeat_at: datetime | None
    round_trip: timedelta | None
    """From a heartbeat's recording to the receiver's having it, the last time."""
    created_at: datetime


def pause_after(failures: int, asked: float | None) -> float:
    """Seconds to wait after so many attempts in a row went wrong, or as the receiver asked."""
    if asked is not None:
        return min(max(asked, FIRST_PAUSE), LONGEST_ASKED)
    doublings = min(failures - 1, 10)
    return min(FIRST_PAUSE * 2.0**doublings, LONGEST_PAUSE)


def state_after_failure(state: SinkState, failures: int) -> SinkState:
    """How it stands after one more attempt went wrong."""
    if state is SinkState.ACTIVE and failures >= FAILING_AFTER:
        return SinkState.FAILING
    return state
