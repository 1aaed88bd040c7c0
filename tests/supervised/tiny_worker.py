"""A worker that serves almost nothing, for tests of what keeps workers running."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewatch.backends.telemetry.logs import configure, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.backends.telemetry.prometheus import render
from gatewatch.catalogue.metrics import DEVICE_POLLS, HTTP_REQUESTS, PASSWORD_HASH_WAITING
from gatewatch.catalogue.outcomes import DevicePoll
from gatewatch.kernel.errors import ConfigurationError
from gatewatch.settings.telemetry import LogFormat
from gatewatch.worker import Seat, run

ROUTES = ("/count", "/slow", "/metrics", "/pid", "/told")


class Tiny:
    def __init__(self, seat: Seat, meter: Meter) -> None:
        self.seat = seat
        self.meter = meter
        self.polled = meter.bound(DEVICE_POLLS, DevicePoll.PENDING)

    async def __call__(self, scope, _receive, send) -> None:
        path = scope["path"]
        match path:
            case "/count":
                self.polled(1.0)
                body = b""
            case "/slow":
                logger("gatewatch.tiny").info("slow request begun")
                await asyncio.sleep(1.5)
                body = b"done"
            case "/metrics":
                body = render(self.meter)
            case "/told":
                body = repr(self.seat.died).encode()
            case _:
                body = b"%d %d" % (os.getpid(), self.seat.slot)
        self.meter.observe(HTTP_REQUESTS, 0.001, "GET", path, "200")
        headers = [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def tiny(seat: Seat) -> AsyncIterator[tuple[Tiny, Meter]]:
    configure("info", LogFormat.TEXT)
    meter = seat.meter(ROUTES)
    meter.gauge(PASSWORD_HASH_WAITING, lambda: 3.0)
    yield Tiny(seat, meter), meter


@asynccontextmanager
async def hesitant(seat: Seat) -> AsyncIterator[tuple[Tiny, Meter]]:
    configure("info", LogFormat.TEXT)
    logger("gatewatch.tiny").info("opening slowly")
    await asyncio.sleep(0.5)
    async with tiny(seat) as opened:
        yield opened


@asynccontextmanager
async def misconfigured(_seat: Seat) -> AsyncIterator[tuple[Tiny, Meter]]:
    raise ConfigurationError(["GATEWATCH_SECRET_KEY is not the one of this database."])
    yield


if __name__ == "__main__":
    openings = {"tiny": tiny, "hesitant": hesitant, "misconfigured": misconfigured}
    sys.exit(run(openings[sys.argv[1]], sys.argv[2:]))
