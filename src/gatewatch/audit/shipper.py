"""The shipper: sees to it that each sink has a courier, out of every request's way.

Each process tends all sinks, and a sink's lease decides which of them serves it. A slow sink
keeps nobody waiting: not the others, which have couriers of their own, and no request, which
only ever writes to the log that the couriers read.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gatewatch.audit.journal import Journal
from gatewatch.audit.sinks.courier import Courier
from gatewatch.audit.sinks.rules import SinkState, StoredSink
from gatewatch.audit.sinks.service import Sinks
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import AUDIT_SINK_LAG, AUDIT_SINK_ROUND_TRIP
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.time import Clock

TICK: Final = 1.0
"""Seconds between two looks at which sinks there are."""

TROUBLED: Final = 5.0
"""Seconds before a courier goes on for whom the database was away."""

GRACE: Final = 2.0
"""Seconds that a courier has to note what it has just delivered before it must stop."""

_log: Final[Log] = logger("gatewatch.audit")


@dataclass(frozen=True, slots=True)
class _Round:
    """A courier, and the task that it walks in."""

    courier: Courier
    task: asyncio.Task[None]
    leave: asyncio.Event


class Shipper:
    """Keeps couriers; `holder` is a name that this process alone has."""

    def __init__(
        self,
        sinks: Sinks,
        journal: Journal,
        ephemeral: Ephemeral,
        meter: Meter,
        clock: Clock,
        *,
        holder: str,
    ) -> None:
        self._sinks = sinks
        self._journal = journal
        self._ephemeral = ephemeral
        self._meter = meter
        self._clock = clock
        self._holder = holder
        self._rounds: dict[tuple[str, int], _Round] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to deliver, a tick from now: a short command delivers nothing."""
        self._task = asyncio.create_task(self._run(), name="gatewatch shipper")

    async def close(self) -> None:
        """Stop; what a sink was being told it will be told again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await asyncio.gather(*map(self._stop, list(self._rounds)))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._tend()
            except Exception as error:  # noqa: BLE001 - the next tick is another chance
                _log.debug("audit: the sinks cannot be read: %r", error)
            self._show()

    async def _tend(self) -> None:
        """Have a courier for each sink as it is now, and for none that is not."""
        sinks = await self._sinks.all()
        wanted = {
            (sink.id, sink.revision): sink for sink in sinks if sink.state is not SinkState.PAUSED
        }
        await asyncio.gather(*(self._stop(key) for key in self._rounds if key not in wanted))
        for key, sink in wanted.items():
            if key not in self._rounds:
                self._rounds[key] = self._start(sink)

    def _start(self, sink: StoredSink) -> _Round:
        courier = Courier(
            self._sinks, self._journal, self._ephemeral, self._meter, sink, holder=self._holder
        )
        leave = asyncio.Event()
        name = f"gatewatch sink {sink.plan.name}"
        return _Round(courier, asyncio.create_task(_walk(courier, leave), name=name), leave)

    async def _stop(self, key: tuple[str, int]) -> None:
        stopped = self._rounds[key]
        stopped.courier.is_leaving = True
        stopped.leave.set()
        await asyncio.wait({stopped.task}, timeout=GRACE)
        stopped.task.cancel()
        await asyncio.gather(stopped.task, return_exceptions=True)
        try:
            await stopped.courier.rest()
        except Exception as error:  # noqa: BLE001 - the lease runs out by itself
            _log.debug("audit: a sink's lease is not given back: %r", error)
        del self._rounds[key]

    def _show(self) -> None:
        couriers = [each.courier for each in self._rounds.values()]
        now = self._clock.now()
        for kind in SinkKind:
            own = [courier for courier in couriers if courier.sink.plan.kind is kind]
            lags = (now - each.waiting_since for each in own if each.waiting_since is not None)
            trips = (each.sink.round_trip for each in own if each.sink.round_trip is not None)
            self._meter.set(AUDIT_SINK_LAG, _seconds(max(lags, default=_NONE)), kind)
            self._meter.set(AUDIT_SINK_ROUND_TRIP, _seconds(max(trips, default=_NONE)), kind)


_NONE: Final = timedelta(0)


async def _walk(courier: Courier, leave: asyncio.Event) -> None:
    while not leave.is_set():
        try:
            pause = await courier.step()
        except Exception as error:  # noqa: BLE001 - the log is still there, and so is the cursor
            _log.error("audit: delivery to %s: %r", courier.sink.plan.name, error)
            pause = TROUBLED
        with suppress(TimeoutError):
            await asyncio.wait_for(leave.wait(), pause)


def _seconds(span: timedelta) -> float:
    return max(span.total_seconds(), 0.0)
