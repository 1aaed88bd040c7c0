"""The schedule: rows that have served are let go."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from gatewatch.audit.retention import Retention
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import ROWS_LET_GO
from gatewatch.catalogue.outcomes import JobName, SweptTable
from gatewatch.identity.sessions.service import Sessions
from gatewatch.jobs.runner import Job
from gatewatch.kernel.time import Clock
from gatewatch.oauth.device.service import Device
from gatewatch.oauth.tokens.service import Tokens
from gatewatch.settings import Settings

LetGo = Callable[[datetime], Awaitable[int]]
"""Lets go of what has served by now, and says how many rows that were."""


def schedule(
    settings: Settings,
    meter: Meter,
    clock: Clock,
    *,
    tokens: Tokens,
    sessions: Sessions,
    device: Device,
    retention: Retention,
) -> tuple[Job, ...]:
    """Every job there is."""

    def sweeping(name: JobName, every: timedelta, table: SweptTable, let_go: LetGo) -> Job:
        count = meter.bound(ROWS_LET_GO, table)

        async def run() -> None:
            count(await let_go(clock.now()))

        return Job(name, every, run)

    often, seldom = settings.database.cleanup_interval, settings.audit.cleanup_interval
    return (
        sweeping(JobName.EXPIRE_TOKENS, often, SweptTable.OAUTH_TOKENS, tokens.let_go),
        sweeping(JobName.EXPIRE_SESSIONS, often, SweptTable.SESSIONS, sessions.let_go),
        sweeping(JobName.EXPIRE_DEVICE_GRANTS, often, SweptTable.DEVICE_GRANTS, device.let_go),
        sweeping(JobName.PURGE_AUDIT, seldom, SweptTable.AUDIT_LOGS, retention.sweep),
    )
