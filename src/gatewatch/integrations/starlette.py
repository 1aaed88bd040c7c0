"""Starlette: who is signed in, for your own endpoints."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatewatch.auth import Auth
from gatewatch.http.errors import headers_of, status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Endpoint = Callable[[Request], Awaitable[Response]]


async def current_account(auth: Auth, request: Request, *, csrf: bool = True) -> SignedIn:
    """Whoever is signed in.

    Whom a cookie signs in must prove by X-CSRF-Token that a change was meant; without `csrf`,
    call `protect`.

    Raises:
        HTTPException: 401 when nobody is signed in; 403 without the proof.
    """
    return await _admitted(auth, request, None, csrf=csrf)


def require(auth: Auth, role: Role, *, csrf: bool = True) -> Callable[[Endpoint], Endpoint]:
    """Let only accounts of this role call an endpoint; 401 and 403 for everyone else.

    The endpoint finds the account in ``request.state.account``.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            request.state.account = await _admitted(auth, request, role, csrf=csrf)
            return await endpoint(request)

        return guarded

    return decorate


def protect(auth: Auth, request: Request, account: SignedIn, token: str | None = None) -> None:
    """Make sure that a request was meant: by the token in its form, or in X-CSRF-Token.

    Raises:
        HTTPException: 403 when it does not say so.
    """
    try:
        auth.protect(request.scope, account, token)
    except Refusal as refusal:
        raise _answer(refusal) from refusal


async def _admitted(auth: Auth, request: Request, role: Role | None, *, csrf: bool) -> SignedIn:
    try:
        return await auth.signed_in(request.scope, role=role, csrf=csrf)
    except Refusal as refusal:
        raise _answer(refusal) from refusal


def _answer(refusal: Refusal) -> HTTPException:
    headers = {name.decode(): value.decode() for name, value in headers_of(refusal)}
    return HTTPException(status_of(refusal), refusal.public, headers or None)
