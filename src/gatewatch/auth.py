"""`Auth`: every service, with doors for a host application.

::

    auth = Auth(Settings.load())              # connects to nothing
    app = FastAPI(lifespan=auth.lifespan)     # opens and closes it with the host
    app.mount("/auth", auth.asgi())           # issuer: https://example.com/auth
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NoReturn, Self

from gatewatch.app import surface, templates
from gatewatch.audit.journal import Emitter
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events.system import ServerStarted, ServerStopped
from gatewatch.catalogue.metrics import METRICS
from gatewatch.http.errors import unavailable
from gatewatch.http.request import Receive, Request, Scope, Send
from gatewatch.http.routing import UNMATCHED
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.errors import Outage
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

MISPLACED: Final = (
    "gatewatch is not where its issuer says: {issuer}. Set GATEWATCH_ISSUER to the address of the "
    "application with the path that gatewatch is below, such as https://example.com/auth."
)
"""What a request is told that a host passed on from a path which is not the issuer's."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""


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
        self._hosts = 0
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
        """Be open and serve while the host runs: hand this to the host as its lifespan.

        A host with a lifespan of its own enters this one within it. However many hosts there are,
        the first start makes the first administrator.
        """
        async with self:
            self._hosts += 1
            try:
                if self._hosts == 1:
                    await self._begin()
                yield
            finally:
                self._hosts -= 1
                if self._hosts == 0:
                    self._record(ServerStopped(emitter=self.services.emitter.name))

    async def _begin(self) -> None:
        name = self.services.emitter.name
        self._record(ServerStarted(version=version("gatewatch"), emitter=name))
        if welcome := await self.services.first_start.ensure():
            # Past the log, which is kept.
            sys.stderr.write(welcome.letter(self.settings.web.issuer))
            sys.stderr.flush()

    def _record(self, event: Event) -> None:
        self.services.journal.spool(event, actor=SYSTEM, origin=NOWHERE)

    async def signed_in(
        self, scope: Scope, *, role: Role | None = None, csrf: bool = True
    ) -> SignedIn:
        """Whoever is signed in, by a request to the host's own endpoints.

        Their cookies or their bearer token say it. With cookies, a request that changes something
        must bear the CSRF token in X-CSRF-Token, unless `csrf` is False: then have `protect` look
        for it where it is.

        Raises:
            Refusal: authentication_required, when nobody is; forbidden, without the role;
                csrf_failed.
            Unavailable: temporarily_unavailable, while the database does not answer.
        """
        request, door = self._request(scope), self.services.door
        try:
            if role is None:
                account = await door.signed_in(request)
            else:
                account = await door.require_role(request, role)
        except Outage as outage:
            raise unavailable(outage) from outage
        if csrf and request.method not in SAFE_METHODS:
            door.protect(request, account)
        return account

    def protect(self, scope: Scope, account: SignedIn, token: str | None = None) -> None:
        """Make sure that a request was meant, and not sent by another site in someone's name.

        Args:
            scope: the request's
            account: whoever `signed_in` said it is
            token: what a form bears, from `csrf_token`; else X-CSRF-Token is looked for

        Raises:
            Refusal: csrf_failed.
        """
        self.services.door.protect(self._request(scope), account, token)

    def csrf_token(self, account: SignedIn) -> str:
        """The token that the host's own pages and forms prove themselves by, for one session."""
        return self.services.csrf.token(account.session.id)

    def asgi(self) -> "Application":
        """The whole HTTP surface, to mount at the issuer's path or to serve by itself."""
        return Application(self._serve)

    def routes(self, prefix: str | None = None) -> "list[Route]":
        """The same surface as Starlette routes, to put behind the host's own; needs Starlette.

        Args:
            prefix: what each path begins with; the issuer's path, unless the host adds it.
        """
        from starlette.routing import Route  # noqa: PLC0415 - an extra

        before = self.services.urls.root_path if prefix is None else prefix
        endpoint = Application(self._serve_route)
        templates = (each for each in self._shell.router.templates if each != UNMATCHED)
        return [Route(before + template, endpoint) for template in templates]

    def well_known_routes(self) -> "list[Route]":
        """What belongs at the host's root when the issuer has a path; needs Starlette.

        Clients look for our metadata there (RFC 8414 section 3.1).
        """
        from starlette.routing import Route  # noqa: PLC0415 - an extra

        urls = self.services.urls
        return [Route(urls.metadata_path, self.asgi())] if urls.root_path else []

    def _request(self, scope: Scope) -> Request:
        services = self.services
        return Request(
            scope,
            _never_read,
            request_id=request_id(services.clock.now(), services.entropy),
            path=scope["path"],
            address=self._shell.addresses.of(scope),
        )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http" if not self._opened:
                await _say(NOT_OPEN, send)
            case "http" if self._is_strange(scope):
                await self._say_misplaced(send)
            case "http":
                await self._shell(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1000})

    async def _serve_route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what the host's router took for a route of ours: we must know it, too."""
        path = self.services.urls.ours(scope["path"])
        if self._shell.router.find(scope["method"], path) is None:
            await self._say_misplaced(send)
        else:
            await self._serve(scope, receive, send)

    def _is_strange(self, scope: Scope) -> bool:
        """Whether we were mounted at a path that is not the issuer's."""
        mounted_at, path = scope.get("root_path"), scope["path"]
        is_below = bool(mounted_at) and path.startswith(mounted_at)
        return is_below and path == self.services.urls.ours(path)

    async def _say_misplaced(self, send: Send) -> None:
        await _say(MISPLACED.format(issuer=self.services.urls.issuer), send)

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


async def _say(instruction: str, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": instruction.encode()})
