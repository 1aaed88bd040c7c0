"""FastAPI: dependencies that say who is signed in, and a router to include."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, HTTPException, Request

from gatewatch.auth import Auth
from gatewatch.http.errors import headers_of, status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Dependency = Callable[[Request], Awaitable[SignedIn]]


def current_account(auth: Auth, *, csrf: bool = True) -> Dependency:
    """Make a dependency that is the signed-in account, or answers 401.

    ``async def mine(account: Annotated[SignedIn, Depends(current_account(auth))]): ...``

    Whom a cookie signs in must prove by X-CSRF-Token that a change was meant, or is answered 403;
    without `csrf`, call `protect`.
    """
    return _dependency(auth, None, csrf=csrf)


def require(auth: Auth, role: Role, *, csrf: bool = True) -> Dependency:
    """Make a dependency that is the signed-in account of this role, or answers 401 or 403."""
    return _dependency(auth, role, csrf=csrf)


def protect(auth: Auth, request: Request, account: SignedIn, token: str | None = None) -> None:
    """Answer 403 unless a request was meant: by the token in its form, or in X-CSRF-Token."""
    try:
        auth.protect(request.scope, account, token)
    except Refusal as refusal:
        raise _answer(refusal) from refusal


def router(auth: Auth) -> APIRouter:
    """Every route of gatewatch, to include with the issuer's path as its prefix.

    It brings the lifespan along: ``app.include_router(router(auth), prefix="/auth")``.
    """
    return APIRouter(routes=list(auth.routes(prefix="")), lifespan=auth.lifespan)


def _dependency(auth: Auth, role: Role | None, *, csrf: bool) -> Dependency:
    async def account(request: Request) -> SignedIn:
        try:
            return await auth.signed_in(request.scope, role=role, csrf=csrf)
        except Refusal as refusal:
            raise _answer(refusal) from refusal

    return account


def _answer(refusal: Refusal) -> HTTPException:
    headers = {name.decode(): value.decode() for name, value in headers_of(refusal)}
    return HTTPException(status_of(refusal), refusal.public, headers or None)
