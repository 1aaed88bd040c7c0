"""`Auth`: every service, with doors for a host application.

::

    auth = Auth(Settings.load())              # connects to nothing
    app = FastAPI(lifespan=auth.lifespan)     # opens and closes it with the host
    app.mount("/auth", auth.asgi())           # issuer: https://example.com/auth
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NoReturn, Self

from gatewatch.app import surface, templates
from gatewatch.audit.journal import Emitter
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.system import ServerStarted, ServerStopped
from gatewatch.catalogue.metrics import METRICS
from gatewatch.http.request import Receive, Request, Scope, Send
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.ids import emitter_name, request_id
from gatewatch.kernel.secrets import Entropy, SystemEntropy
from gatewatch.kernel.time import Clock, SystemClock
from gatewatch.services import Services
from gatewatch.settings import Settings

if TYPE_CHECKING:
    from starlette.routing import Route

ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

NOT_OPEN: Final = (
    "gatewatch is mounted but not open. A mounted application's lifespan never runs: pass "
    "auth.lifespan to your own, as in FastAPI(lifespan=auth.lifespan)."
)
"""What every request is told until `Auth` is open."""


class Auth:
    """gatewatch, embedded. Making one connects to nothing; `open` does."""

    def __init__(
        self,
        settings: Settings,
        *,
        meter: Meter | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        emitter: Emitter | None = None,
    ) -> None:
        """Build every service.

        Args:
            settings: what it is to be like.
            meter: where it counts; workers of one server share theirs.
            clock: what time it is; the system's by default.
            entropy: where randomness comes from; the system's by default.
            emitter: who this process is to the audit log; a name of its own by default.
        """
        self.settings = settings
        clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
        self.services = Services.build(
            settings,
            meter=meter or Meter(METRICS, templates()),
            clock=clock,
            entropy=entropy,
            emitter=emitter or Emitter(emitter_name(clock.now(), entropy)),
        )
        self._shell = surface(self.services)
        self._opened = 0
        self._door = asyncio.Lock()

    async def open(self) -> None:
        """Migrate the database if need be, and connect to everything.

        Opening what is open counts, so that nested lifespans close it once, at the last.

        Raises:
            ConfigurationError: the secret key is not the one that the database was made with.
        """
        async with self._door:
            if self._opened == 0:
                await self.services.open()
            self._opened += 1

    async def close(self) -> None:
        """Flush the audit log and disconnect, at the last of as many calls as `open` had."""
        async with self._door:
            self._opened -= 1
            if self._opened == 0:
                await self.services.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def lifespan(self, _host: object = None) -> AsyncIterator[None]:
        """Be open and serve while the host runs: hand this to the host as its lifespan."""
        async with self:
            journal, emitter = self.services.journal, self.services.emitter.name
            started = ServerStarted(version=version("gatewatch"), emitter=emitter)
            journal.spool(started, actor=SYSTEM, origin=NOWHERE)
            try:
                yield
            finally:
                journal.spool(ServerStopped(emitter=emitter), actor=SYSTEM, origin=NOWHERE)

    async def signed_in(self, scope: Scope, *, role: Role | None = None) -> SignedIn:
        """Whoever is signed in, by a request to the host's own endpoints.

        Raises:
            Refusal: authentication_required, when nobody is; forbidden, without the role.
        """
        services = self.services
        request = Request(
            scope,
            _never_read,
            request_id=request_id(services.clock.now(), services.entropy),
            path=scope["path"],
            address=self._shell.addresses.of(scope),
        )
        if role is None:
            return await services.door.signed_in(request)
        return await services.door.require_role(request, role)

    def asgi(self) -> "Application":
        """The whole HTTP surface, to mount below the issuer's path or to serve by itself."""
        return Application(self._serve)

    def routes(self) -> "list[Route]":
        """The same surface as Starlette routes, below the issuer's path; needs Starlette."""
        from starlette.routing import Route  # noqa: PLC0415 - an extra

        prefix = self.services.urls.root_path
        return [Route(prefix + template, self.asgi()) for template in templates()]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http" if self._opened:
                await self._shell(scope, receive, send)
            case "http":
                await _say_not_open(send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        """Open and close with a server that runs us by ourselves (ASGI lifespan protocol)."""
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.lifespan())
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Application:
    """An ASGI application as hosts and servers recognise one: an object that is called.

    A bound method is taken for an ASGI 2 application by uvicorn, and for a handler of requests
    by Starlette.
    """

    def __init__(self, serve: ASGI) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._serve(scope, receive, send)


async def _never_read() -> NoReturn:
    raise RuntimeError("the body belongs to the host's endpoint")


async def _say_not_open(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": NOT_OPEN.encode()})
