"""Asks each dependency for a sign of life, and never waits long for one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from gatewatch.backends.telemetry.logs import logger
from gatewatch.kernel.time import Clock
from gatewatch.watch.health.rules import Findings

PROBE_SECONDS: Final = 1.0
"""How long a dependency may take to answer; AuthGate's own probes give up after three seconds."""

_LOG: Final = logger("gatewatch.health")

Ping = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Health:
    """Knows whether the database and the session cache answer.

    Probes that come while one is under way share its findings, so that a flood of them asks the
    database once.
    """

    database: Ping
    session_cache: Ping
    clock: Clock
    _under_way: "asyncio.Task[Findings] | None" = field(default=None, init=False)

    async def check(self) -> Findings:
        """What was found, within about a second whatever happens."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._ask())
        return await asyncio.shield(self._under_way)

    async def _ask(self) -> Findings:
        database, session_cache = await asyncio.gather(
            _answers("database", self.database), _answers("session cache", self.session_cache)
        )
        return Findings(database, session_cache, self.clock.now())


async def _answers(name: str, ping: Ping) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await ping()
    except Exception as error:  # noqa: BLE001 - whatever it was, the dependency did not answer
        _LOG.error("%s does not answer: %s", name, str(error) or type(error).__name__)
        return False
    return True
