"""The outermost ASGI callable: finds the route, runs it, and lets nothing go unseen.

Every request gets an id, is measured, and leaves one line in the log; every refusal and fault is
answered in the shape that the route's callers expect. It is one callable and not a stack of
middleware because each layer of one costs every request.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from gatewatch.backends.telemetry.logs import RequestLog, logger, request_id_var
from gatewatch.backends.telemetry.meter import RequestMeter
from gatewatch.http.client_address import ClientAddress
from gatewatch.http.errors import FAULT, Errors, unavailable
from gatewatch.http.request import ClientDisconnected, Receive, Request, Scope, Send
from gatewatch.http.response import Header, Response, Streamed
from gatewatch.http.routing import UNMATCHED, Face, Match, Router, WrongMethod
from gatewatch.http.urls import Urls
from gatewatch.kernel.errors import Outage, Refusal
from gatewatch.kernel.ids import request_id
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock, stopwatch

_LOG: Final = logger("gatewatch.routes")
_NOT_FOUND: Final = Refusal("not_found", "There is nothing at this address.")

_BODILESS: Final = frozenset({204, 304})
"""Statuses that carry no Content-Length (RFC 9110 section 8.6)."""

NOSNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")
"""Keeps browsers from guessing what a response is (Fetch, section 3.6)."""

HSTS: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""A year, the least that browsers' preload lists accept (RFC 6797)."""


@dataclass(frozen=True, slots=True)
class Shell:
    """Serves the routes of a `Router` over ASGI."""

    router: Router
    errors: Errors
    meter: RequestMeter
    log: RequestLog
    addresses: ClientAddress
    urls: Urls
    clock: Clock
    entropy: Entropy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        begun = stopwatch()
        method, path = scope["method"], self.urls.ours(scope["path"])
        request = Request(
            scope,
            receive,
            request_id=request_id(self.clock.now(), self.entropy),
            path=path,
            address=self.addresses.of(scope),
        )
        token = request_id_var.set(request.id)
        try:
            match self.router.find(method, path):
                case Match() as found:
                    request.parameters = found.parameters
                    template, face = found.route.template, found.route.face
                    response = await self._answer(request, face, found.route.endpoint(request))
                case astray:
                    template, response = self._astray(request, astray)
            await self._send(request, response, send)
        except ClientDisconnected:
            return
        finally:
            request_id_var.reset(token)
        seconds = stopwatch() - begun
        self.meter.answered(method, template, response.status, seconds)
        self.log.write(response.status, seconds, request.address or "-", method, path, request.id)

    async def _answer(self, request: Request, face: Face, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except Refusal as refusal:
            if refusal.private:
                _LOG.info("refused: %s", refusal)
            return self.errors.response(request, face, refusal)
        except Outage as outage:
            _LOG.error("outage in %s %s: %s", request.method, request.path, outage)
            self.meter.cut_short(outage.dependency)
            return self.errors.response(request, face, unavailable(outage))
        except ClientDisconnected:
            raise
        except Exception:  # noqa: BLE001 - a fault of any kind is answered and logged, once, here
            _LOG.exception("fault in %s %s", request.method, request.path)
            return self.errors.response(request, face, FAULT)

    def _astray(self, request: Request, found: WrongMethod | None) -> tuple[str, Response]:
        if found is None:
            return UNMATCHED, self._unmatched(request)
        return found.template, self._wrong_method(request, found)

    def _wrong_method(self, request: Request, found: WrongMethod) -> Response:
        allow = (b"allow", ", ".join(found.allowed).encode("ascii"))
        if request.method == "OPTIONS":
            return Response(204, b"", (allow,))
        refusal = Refusal("method_not_allowed", f"Use one of: {', '.join(found.allowed)}.")
        response = self.errors.response(request, found.face, refusal)
        return Response(405, response.body, (*response.headers, allow))

    def _unmatched(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            face = Face.API
        else:
            face = Face.PAGE if request.wants_page() else Face.PROBLEM
        return self.errors.response(request, face, _NOT_FOUND)

    async def _send(self, request: Request, response: Response, send: Send) -> None:
        headers = [
            *response.headers,
            (b"x-request-id", request.id.encode("ascii")),
            NOSNIFF,
        ]
        if response.status not in _BODILESS and not isinstance(response, Streamed):
            headers.append((b"content-length", b"%d" % len(response.body)))
        if self.urls.secure:
            headers.append(HSTS)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(response, Streamed):
            await self._stream(request, response, send)
            return
        body = b"" if request.method == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, request: Request, response: Streamed, send: Send) -> None:
        """Send the pieces as they come; each waits until the one before is on its way."""
        gone = asyncio.create_task(request.gone())
        try:
            async with aclosing(response.chunks) as chunks:
                if request.method != "HEAD":
                    async for chunk in chunks:
                        message = {"type": "http.response.body", "body": chunk, "more_body": True}
                        await send(message)
                        if gone.done():
                            break
        except Exception:
            _LOG.exception("fault in the middle of %s %s", request.method, request.path)
            raise
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})
