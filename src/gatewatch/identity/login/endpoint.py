"""Signing in over HTTP, as in IdentSphere's guide."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from gatewatch.http.csrf import Csrf
from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.http.urls import Urls
from gatewatch.identity.login.service import Login
from gatewatch.identity.sessions.endpoint import (
    AuthUser,
    Capabilities,
    auth_user,
    capabilities,
    token_cookies,
)

Given = Annotated[str, msgspec.Meta(min_length=1)]


class LoginRequest(msgspec.Struct, frozen=True):
    """``POST /v1/auth/login``; a username does where the email is asked for."""

    email: Given
    password: Given


class LoginResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who is signed in."""

    status: str = "success"
    user: AuthUser
    capabilities: Capabilities
    access_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class LoginEndpoint:
    """``POST /v1/auth/login``."""

    login: Login
    csrf: Csrf
    urls: Urls

    async def post(self, request: Request) -> Response:
        """Sign in with email or username and password."""
        given = await request.json(LoginRequest)
        admitted = await self.login.offer(given.email, given.password, origin=request.origin)
        opened = admitted.opened
        return private_json(
            LoginResponse(
                user=auth_user(opened.owner, opened.session),
                capabilities=capabilities(opened.owner.role),
                access_token=opened.tokens.access_token,
                expires_in=opened.tokens.expires_in,
            ),
            headers=token_cookies(opened.session.id, opened.tokens, self.csrf, self.urls),
        )
