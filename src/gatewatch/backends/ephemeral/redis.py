"""Short-lived state in Redis or Valkey: each operation is one command or one script."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from redis import exceptions
from redis.asyncio import Redis

from gatewatch.backends.database.gather import Gatherer
from gatewatch.backends.ephemeral.arithmetic import (
    EMPTY,
    Count,
    Pace,
    Window,
    in_milliseconds,
    milliseconds,
    rolled,
    window_start,
)
from gatewatch.catalogue.outcomes import Dependency
from gatewatch.kernel.errors import Outage
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import Clock

PREFIX: Final = "gatewatch:"
"""Of every key, since a server may be shared."""

FLIGHTS: Final = 2
"""Pipelines under way at once."""

TIMEOUT_SECONDS: Final = 5.0

_COUNT: Final = """
local start, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'start', 'current', 'previous')
local began = tonumber(kept[1]) or 0
local current, previous = tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
if began < start then
  if began == start - length then previous = current else previous = 0 end
  began, current = start, 0
end
current = current + 1
redis.call('HSET', KEYS[1], 'start', began, 'current', current, 'previous', previous)
redis.call('PEXPIRE', KEYS[1], 2 * length)
return {began, current, previous}
"""
"""`rolled` and `bumped`, where all workers see them."""

_PACE: Final = """
local now, interval, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'polled_at', 'interval')
local too_soon = 0
if kept[1] then
  interval = tonumber(kept[2])
  if now < tonumber(kept[1]) + interval * 1000 then
    too_soon, interval = 1, interval + step
  end
end
redis.call('HSET', KEYS[1], 'polled_at', now, 'interval', interval)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {too_soon, interval}
"""
"""`polled`."""

_LEASE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
"""

_OUTAGES: Final = (
    OSError,
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
)
"""What says that the server is not there, or takes nothing."""

Command = Sequence[str | bytes | int]


class RedisEphemeral:
    """For all workers and hosts on one Redis; what one turn of the loop asks travels together."""

    def __init__(self, url: Secret, clock: Clock) -> None:
        self._url = url
        self._clock = clock

    async def open(self) -> None:
        self._client: Any = Redis.from_url(
            self._url.reveal(),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._gatherer: Gatherer[Command, Any] = Gatherer(
            self._carry_out, flights=FLIGHTS, at_fault=lambda _: False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ping(self) -> None:
        await self._do("PING")

    async def count(self, key: str, *, window: timedelta) -> Count:
        length, now = in_milliseconds(window), self._now()
        start = window_start(now, length)
        kept = await self._run(_COUNT, f"count:{key}", start, length)
        return Count.of(Window(*kept), length, now)

    async def counted(self, key: str, *, window: timedelta) -> Count:
        length, now = in_milliseconds(window), self._now()
        fields = await self._do("HMGET", f"{PREFIX}count:{key}", "start", "current", "previous")
        kept = EMPTY if fields[0] is None else Window(*map(int, fields))
        return Count.of(rolled(kept, window_start(now, length), length), length, now)

    async def forget(self, key: str) -> None:
        await self._do("DEL", f"{PREFIX}count:{key}")

    async def pace(self, key: str, *, interval: int, step: int, ttl: timedelta) -> Pace:
        kept_for = in_milliseconds(ttl)
        too_soon, agreed = await self._run(
            _PACE, f"pace:{key}", self._now(), interval, step, kept_for
        )
        return Pace(bool(too_soon), agreed)

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        await self._do("SET", f"{PREFIX}value:{key}", value, "PX", in_milliseconds(ttl))

    async def take(self, key: str) -> bytes | None:
        taken: bytes | None = await self._do("GETDEL", f"{PREFIX}value:{key}")
        return taken

    async def peek(self, key: str) -> bytes | None:
        seen: bytes | None = await self._do("GET", f"{PREFIX}value:{key}")
        return seen

    async def lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        return bool(await self._run(_LEASE, f"lease:{name}", holder, in_milliseconds(ttl)))

    async def release(self, name: str, holder: str) -> None:
        await self._run(_RELEASE, f"lease:{name}", holder)

    async def _run(self, script: str, key: str, *arguments: str | int) -> Any:
        """Run a script; Redis knows it again by itself, also after a restart."""
        return await self._do("EVAL", script, 1, PREFIX + key, *arguments)

    async def _do(self, *command: str | bytes | int) -> Any:
        try:
            answer = await self._gatherer.ask(command)
            if isinstance(answer, Exception):
                raise answer
        except _OUTAGES as error:
            raise Outage(Dependency.REDIS, f"{type(error).__name__}: {error}") from error
        return answer

    async def _carry_out(self, commands: list[Command]) -> list[Any]:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            return answers

    def _now(self) -> int:
        return milliseconds(self._clock.now())
