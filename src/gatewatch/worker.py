"""One of the processes that serve requests, on sockets and with descriptors of its supervisor."""

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, cast

import uvicorn

from gatewatch.backends.telemetry.logs import configure, logger
from gatewatch.backends.telemetry.memory import attach
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.system import WorkerDied
from gatewatch.catalogue.metrics import METRICS
from gatewatch.http.connections import Connection, hang_up_on_idlers
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.errors import EX_CONFIG, ConfigurationError, Outage
from gatewatch.kernel.ids import emitter_name
from gatewatch.kernel.secrets import SystemEntropy
from gatewatch.kernel.time import SystemClock
from gatewatch.settings import Settings

REFRESH_SECONDS: Final = 1.0
"""How stale a gauge may be that another process shows."""
CLOSING_SHARE: Final = 0.2
"""The part of the grace period kept for closing, after the last request."""

YOUNG_OBJECTS: Final = 50_000
"""Objects made and not yet gone that call the garbage collector: some hundred requests' worth.

At Python's own 700 it comes every few requests, and finds only what is in use: requests make no
cycles.
"""

_LOG: Final = logger("gatewatch.worker")

App = Callable[..., Any]
"""An ASGI application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A worker's place: what its supervisor handed it."""

    listen: tuple[int, ...]
    """Listening sockets."""
    metrics: int
    """The block of memory in which all count."""
    lifeline: int
    """A pipe that closes when the supervisor is no more."""
    ready: int
    """A pipe to say on that requests are served."""
    slot: int
    slots: int
    grace: float
    """Seconds from being told to stop until being killed."""
    died: tuple[int, ...]
    """Exit statuses of those who had this place and died, and of whom nobody told yet."""

    def meter(self, routes: tuple[str, ...]) -> Meter:
        """The meter of this place."""
        return Meter(METRICS, routes, attach(self.metrics), self.slot, self.slots)


Opening = Callable[[Seat], AbstractAsyncContextManager[tuple[App, Meter]]]
"""Opens an application for as long as it serves."""


def main() -> int:
    """Serve gatewatch; gives the exit status."""
    return run(_gatewatch, sys.argv[1:])


def run(opening: Opening, arguments: list[str]) -> int:
    """Serve an application until told to stop; gives the exit status.

    It is 0 after an orderly stop, 78 for settings that cannot work, 1 if it could not start.
    """
    seat = parse_seat(arguments)
    try:
        with asyncio.Runner(loop_factory=_event_loop) as runner:
            runner.run(_serve(opening, seat))
    except ConfigurationError as error:
        for problem in error.problems:
            _LOG.error("%s", problem)
        return EX_CONFIG
    except Outage as outage:
        _LOG.error("cannot start: the %s", outage)
        return 1
    except Exception:  # noqa: BLE001 - whatever it was, the supervisor is told by the status
        _LOG.exception("the worker failed")
        return 1
    return 0


def parse_seat(arguments: list[str]) -> Seat:
    """Read the arguments that the supervisor gave."""
    parser = argparse.ArgumentParser(prog="gatewatch.worker")
    parser.add_argument("--listen", type=_descriptors, required=True)
    for name in ("metrics", "lifeline", "ready", "slot", "slots"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--died", type=int, action="append", default=[])
    given = vars(parser.parse_args(arguments))
    return Seat(**{**given, "died": tuple(given["died"])})


def _descriptors(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


@asynccontextmanager
async def _gatewatch(seat: Seat) -> AsyncIterator[tuple[App, Meter]]:
    # Here and not above, so that a worker of something smaller does not load all of gatewatch.
    from gatewatch.app import templates  # noqa: PLC0415
    from gatewatch.audit.journal import Emitter  # noqa: PLC0415
    from gatewatch.auth import Auth  # noqa: PLC0415

    settings = Settings.load()
    configure(settings.telemetry.log, settings.telemetry.log_format)
    meter = seat.meter(templates())
    clock, entropy = SystemClock(), SystemEntropy()
    emitter = Emitter(emitter_name(clock.now(), entropy), seat.slot, seat.slots)
    auth = Auth(settings, meter=meter, clock=clock, entropy=entropy, emitter=emitter)
    async with auth.lifespan():
        for status in seat.died:
            died = WorkerDied(worker=seat.slot, exit_status=status)
            auth.services.journal.spool(died, actor=SYSTEM, origin=NOWHERE)
        yield auth.asgi(), meter


def _event_loop() -> asyncio.AbstractEventLoop:
    """Uvloop's, where it is made for the platform."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    return cast("asyncio.AbstractEventLoop", import_module("uvloop").new_event_loop())


class _Server(uvicorn.Server):
    """Uvicorn, without a will of its own."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _serve(opening: Opening, seat: Seat) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(seat.lifeline, _orphaned, seat.lifeline, stop)
    async with opening(seat) as (app, meter):
        server = _Server(_config(app, seat.grace), lambda: _ready(seat.ready))
        sockets = [socket.socket(fileno=descriptor) for descriptor in seat.listen]
        connections = cast("set[Connection]", server.server_state.connections)
        errands = [_stop_when(stop, server), _refresh(meter), hang_up_on_idlers(connections)]
        tasks = [asyncio.create_task(errand) for errand in errands]
        try:
            await server.serve(sockets)
        finally:
            for task in tasks:
                task.cancel()
    loop.remove_reader(seat.lifeline)


def _config(app: App, grace: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(grace * (1 - CLOSING_SHARE)),
    )


def _orphaned(lifeline: int, stop: asyncio.Event) -> None:
    """Stop in order when the supervisor is no more, however it ended."""
    asyncio.get_running_loop().remove_reader(lifeline)
    _LOG.error("the supervisor is gone; stopping")
    stop.set()


def _ready(pipe: int) -> None:
    # What was made at start stays for good: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    with suppress(BrokenPipeError):
        os.write(pipe, b"1")


async def _stop_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


async def _refresh(meter: Meter) -> None:
    while True:
        meter.refresh()
        await asyncio.sleep(REFRESH_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
