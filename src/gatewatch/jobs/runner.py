"""The runner: each job is done once in its interval, by whichever process comes to it first.

That it was done is kept where all processes see it, for as long as the interval; a lease keeps
two from doing it at once. Losing either does no harm: a job may always be done once more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import JOB_FAILURES, JOB_LAST_SUCCESS
from gatewatch.catalogue.outcomes import JobName
from gatewatch.kernel.time import Clock, epoch_seconds

TICK: Final = timedelta(minutes=1)
"""Between two looks at whether a job is due, so that one that failed is tried again so soon."""

TURN: Final = timedelta(minutes=5)
"""How long one process has the turn; should a job take longer, another may lend a hand."""

_log: Final[Log] = logger("gatewatch.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and how often. It can be cut short anywhere, and be done twice."""

    name: JobName
    every: timedelta
    run: Callable[[], Awaitable[None]]


class Runner:
    """Sees to the jobs; `holder` is a name that this process alone has."""

    def __init__(
        self,
        jobs: tuple[Job, ...],
        ephemeral: Ephemeral,
        meter: Meter,
        clock: Clock,
        *,
        holder: str,
    ) -> None:
        self._jobs = jobs
        self._ephemeral = ephemeral
        self._meter = meter
        self._clock = clock
        self._holder = holder
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to look after the jobs, a tick from now: a short command does none."""
        self._tasks = [
            asyncio.create_task(self._look_after(job), name=f"gatewatch {job.name}")
            for job in self._jobs
        ]

    async def close(self) -> None:
        """Stop, between two transactions."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _look_after(self, job: Job) -> None:
        while True:
            await asyncio.sleep(min(TICK, job.every).total_seconds())
            try:
                await self._do_if_due(job)
            except Exception as error:  # noqa: BLE001 - the next tick is another chance
                self._meter.tally(JOB_FAILURES, job.name)
                _log.error("%s failed: %r", job.name, error)

    async def _do_if_due(self, job: Job) -> None:
        if await self._was_done(job) or not await self._take_turn(job):
            return
        try:
            # Asked again: whoever had the turn until now may have done it.
            if not await self._was_done(job):
                await job.run()
                await self._note(job)
        finally:
            await self._ephemeral.release(_key(job), self._holder)

    async def _take_turn(self, job: Job) -> bool:
        return await self._ephemeral.lease(_key(job), self._holder, TURN)

    async def _was_done(self, job: Job) -> bool:
        """Whether it was done within its interval; if so, every process shows when."""
        done_at = await self._ephemeral.peek(_key(job))
        if done_at is None:
            return False
        self._show(job, int(done_at))
        return True

    async def _note(self, job: Job) -> None:
        done_at = epoch_seconds(self._clock.now())
        await self._ephemeral.put(_key(job), b"%d" % done_at, job.every)
        self._show(job, done_at)

    def _show(self, job: Job, done_at: int) -> None:
        self._meter.set(JOB_LAST_SUCCESS, done_at, job.name)


def _key(job: Job) -> str:
    return f"job:{job.name}"
