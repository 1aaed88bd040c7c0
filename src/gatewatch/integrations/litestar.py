"""Litestar: handlers that mount gatewatch, a dependency, and a guard."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from litestar import Request, asgi
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler, BaseRouteHandler
from litestar.types import Receive, Scope, Send

from gatewatch.auth import Auth
from gatewatch.http.errors import headers_of, status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def mount(auth: Auth, path: str | None = None) -> ASGIRouteHandler:
    """Every route of gatewatch below a path: the issuer's, if none is given."""
    return _mounted(path or auth.services.urls.root_path or "/", auth)


def well_known(auth: Auth) -> list[ASGIRouteHandler]:
    """What belongs at the host's root when the issuer has a path (RFC 8414 section 3.1)."""
    urls = auth.services.urls
    return [_mounted(urls.metadata_path, auth)] if urls.root_path else []


def current_account(
    auth: Auth, *, csrf: bool = True
) -> Callable[[Request[Any, Any, Any]], Awaitable[SignedIn]]:
    """Make a dependency, for ``Provide``, that is the signed-in account, or answers 401.

    Whom a cookie signs in must prove by X-CSRF-Token that a change was meant, or is answered 403;
    without `csrf`, call `protect`.
    """

    async def account(request: Request[Any, Any, Any]) -> SignedIn:
        return await _admitted(auth, request, None, csrf=csrf)

    return account


def require(auth: Auth, role: Role, *, csrf: bool = True) -> Guard:
    """Make a guard that lets only accounts of this role pass; 401 and 403 for everyone else."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await _admitted(auth, connection, role, csrf=csrf)

    return guard


def protect(auth: Auth, request: Connection, account: SignedIn, token: str | None = None) -> None:
    """Answer 403 unless a request was meant: by the token in its form, or in X-CSRF-Token."""
    try:
        auth.protect(request.scope, account, token)  # type: ignore[arg-type]  # Litestar's own scope type
    except Refusal as refusal:
        raise _answer(refusal) from refusal


def _mounted(path: str, auth: Auth) -> ASGIRouteHandler:
    application = auth.asgi()

    @asgi(path, is_mount=True, copy_scope=True)
    async def gatewatch(scope: Scope, receive: Receive, send: Send) -> None:
        # Litestar takes the path it mounts at away, and puts a slash at the end.
        restored = {**scope, "path": unquote(scope["raw_path"].decode("ascii"))}
        await application(restored, receive, send)  # type: ignore[arg-type]  # Litestar's own message types

    return gatewatch


async def _admitted(
    auth: Auth, connection: Connection, role: Role | None, *, csrf: bool
) -> SignedIn:
    try:
        return await auth.signed_in(connection.scope, role=role, csrf=csrf)  # type: ignore[arg-type]  # Litestar's own scope type
    except Refusal as refusal:
        raise _answer(refusal) from refusal


def _answer(refusal: Refusal) -> HTTPException:
    headers = {name.decode(): value.decode() for name, value in headers_of(refusal)}
    return HTTPException(
        status_code=status_of(refusal), detail=refusal.public, headers=headers or None
    )
