"""The account: what was emitted is stored, in flight, or dropped, whatever dies in between.

A committed event is counted as emitted and as stored together, once its transaction is durable.

A spooled event is counted in two steps, each right after the fact it counts: appended to the
segment (emitted, in flight), and turned into a row (in flight no more, stored). A process dies at
one point, so at most one step was taken and not yet counted. Whoever takes over its counters
and its segment finds in the segment `n` records where `emitted - stored - dropped` says `owed`:

* `n` > `owed`: records were appended and not counted, by a process that died just then or whose
  counters are gone with a restart of the whole server. They are counted as emitted.
* `n` < `owed`: records became rows and were not counted. They are counted as stored.

Counters and segment go together because both belong to the same slot of the metrics' memory.
A segment that is adopted later, from elsewhere, is counted as emitted by its adopter, whose
counters have never seen it.
"""

from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Durability, Severity
from gatewatch.catalogue.metrics import (
    AUDIT_DROPPED,
    AUDIT_EMITTED,
    AUDIT_EVENTS,
    AUDIT_IN_FLIGHT,
    AUDIT_STORED,
)
from gatewatch.catalogue.outcomes import DropReason

_COMMITTED = Durability.COMMITTED
_SPOOLED = Durability.SPOOLED


class Account:
    """Keeps the metrics of the audit log true."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._committed = meter.bound(AUDIT_EMITTED, _COMMITTED)
        self._committed_stored = meter.bound(AUDIT_STORED, _COMMITTED)
        self._emitted = meter.bound(AUDIT_EMITTED, _SPOOLED)
        self._stored = meter.bound(AUDIT_STORED, _SPOOLED)
        self._gauge = meter.bound(AUDIT_IN_FLIGHT, _SPOOLED)
        self._dropped = {
            reason: meter.bound(AUDIT_DROPPED, _SPOOLED, reason) for reason in DropReason
        }
        self._severities = {severity: meter.bound(AUDIT_EVENTS, severity) for severity in Severity}
        self._in_flight = 0

    def happened(self, severity: Severity) -> None:
        """An event happened, to be kept or not."""
        self._severities[severity](1.0)

    def committed(self) -> None:
        """A committed event is a row, for good."""
        self._committed(1.0)
        self._committed_stored(1.0)

    def spooled(self) -> None:
        """An event was appended to the spool."""
        self._emitted(1.0)
        self._fly(1)

    def unwritable(self) -> None:
        """An event could not be appended to the spool."""
        self._emitted(1.0)
        self._dropped[DropReason.SPOOL_UNWRITABLE](1.0)

    def stored(self, records: int) -> None:
        """Spooled records became rows."""
        self._stored(records)
        self._fly(-records)

    def lost(self, records: int, reason: DropReason) -> None:
        """Spooled records can never be rows."""
        self._dropped[reason](records)
        self._fly(-records)

    def adopted(self, records: int) -> None:
        """Records were found that another process left, somewhere else."""
        self._emitted(records)
        self._fly(records)

    def inherited(self, records: int) -> None:
        """Records were found at the start, that a predecessor in this slot may have counted."""
        missing = records - self._owed()
        if missing > 0:
            self._emitted(missing)
        else:
            self._stored(-missing)
        self._in_flight = 0
        self._fly(records)

    def _owed(self) -> float:
        """What this slot's counters say is in flight."""
        own = self._meter.own
        dropped = sum(own(AUDIT_DROPPED, _SPOOLED, reason) for reason in DropReason)
        return own(AUDIT_EMITTED, _SPOOLED) - own(AUDIT_STORED, _SPOOLED) - dropped

    def _fly(self, by: int) -> None:
        self._in_flight += by
        self._gauge(self._in_flight)
