"""Starlette: who is signed in, for your own endpoints."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatewatch.auth import Auth
from gatewatch.http.errors import status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Endpoint = Callable[[Request], Awaitable[Response]]


async def current_account(auth: Auth, connection: HTTPConnection) -> SignedIn:
    """Whoever is signed in.

    Raises:
        HTTPException: 401 when nobody is.
    """
    return await _admitted(auth.signed_in(connection.scope))


def require(auth: Auth, role: Role) -> Callable[[Endpoint], Endpoint]:
    """Let only accounts of this role call an endpoint; 401 and 403 for everyone else."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            request.state.account = await _admitted(auth.signed_in(request.scope, role=role))
            return await endpoint(request)

        return guarded

    return decorate


async def _admitted(answer: Awaitable[SignedIn]) -> SignedIn:
    try:
        return await answer
    except Refusal as refusal:
        raise HTTPException(status_of(refusal), refusal.public) from refusal
