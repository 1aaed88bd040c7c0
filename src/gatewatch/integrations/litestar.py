"""Litestar: a handler that mounts gatewatch, a dependency, and a guard."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler, BaseRouteHandler
from litestar.types import Receive, Scope, Send

from gatewatch.auth import Auth
from gatewatch.http.errors import status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Connection = ASGIConnection[Any, Any, Any, Any]


def mount(auth: Auth, path: str) -> ASGIRouteHandler:
    """Every route of gatewatch below `path`, the path of the issuer."""

    @asgi(path, is_mount=True, copy_scope=True)
    async def gatewatch(scope: Scope, receive: Receive, send: Send) -> None:
        restored = {**scope, "path": scope["raw_path"].decode("ascii"), "root_path": path}
        await auth.asgi()(restored, receive, send)  # type: ignore[arg-type]  # Litestar's own message types

    return gatewatch


def current_account(auth: Auth) -> Callable[[Connection], Awaitable[SignedIn]]:
    """Make a dependency, for ``Provide``, that is the signed-in account, or answers 401."""

    async def account(request: Connection) -> SignedIn:
        return await _admitted(auth, request, None)

    return account


def require(auth: Auth, role: Role) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """Make a guard that lets only accounts of this role pass; 401 and 403 for everyone else."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await _admitted(auth, connection, role)

    return guard


async def _admitted(auth: Auth, connection: Connection, role: Role | None) -> SignedIn:
    try:
        return await auth.signed_in(connection.scope, role=role)  # type: ignore[arg-type]  # Litestar's own scope type
    except Refusal as refusal:
        raise HTTPException(status_code=status_of(refusal), detail=refusal.public) from refusal
