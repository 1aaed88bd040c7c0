"""FastAPI: dependencies that say who is signed in, and a router to include."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, HTTPException, Request

from gatewatch.auth import Auth
from gatewatch.http.errors import status_of
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal

Dependency = Callable[[Request], Awaitable[SignedIn]]


def current_account(auth: Auth) -> Dependency:
    """Make a dependency that is the signed-in account, or answers 401.

    ``async def mine(account: Annotated[SignedIn, Depends(current_account(auth))]): ...``
    """
    return _dependency(auth, None)


def require(auth: Auth, role: Role) -> Dependency:
    """Make a dependency that is the signed-in account of this role, or answers 401 or 403."""
    return _dependency(auth, role)


def router(auth: Auth) -> APIRouter:
    """Every route of gatewatch, below the issuer's path, for ``app.include_router``."""
    return APIRouter(routes=list(auth.routes()))


def _dependency(auth: Auth, role: Role | None) -> Dependency:
    async def account(request: Request) -> SignedIn:
        try:
            return await auth.signed_in(request.scope, role=role)
        except Refusal as refusal:
            raise HTTPException(status_of(refusal), refusal.public) from refusal

    return account
