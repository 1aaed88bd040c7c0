"""What a token is worth, and taking it back: introspection, revocation, tokeninfo."""

from dataclasses import dataclass

from gatewatch.catalogue.outcomes import TokenKind
from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Response, private_json
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import epoch_seconds
from gatewatch.oauth.clients.service import Clients
from gatewatch.oauth.tokens.rules import Token
from gatewatch.oauth.tokens.service import Tokens
from gatewatch.protocol.client_authentication import parse_client_credentials
from gatewatch.protocol.responses import BEARER, INACTIVE, ActiveToken, TokenInfo
from gatewatch.protocol.scopes import scope_text


@dataclass(frozen=True, slots=True)
class IntrospectionEndpoint:
    """POST /oauth/introspect: tells a resource server what a token is worth (RFC 7662)."""

    clients: Clients
    tokens: Tokens
    issuer: str

    async def post(self, request: Request) -> Response:
        """Describe a token that works; of all others, say no more than that they do not."""
        form = await request.form()
        presented = parse_client_credentials(request.header(b"authorization"), form)
        client = await self.clients.authenticate(presented, request.origin)
        token = await self.tokens.introspect(_required(form.get("token")), client)
        return private_json(INACTIVE if token is None else self._described(token))

    def _described(self, token: Token) -> ActiveToken:
        described: ActiveToken = {
            "active": True,
            "scope": scope_text(token.scope),
            "client_id": token.client_id,
            "exp": epoch_seconds(token.expires_at),
            "iat": epoch_seconds(token.issued_at),
            "sub": token.account_id or token.client_id,
            "iss": self.issuer,
            "jti": token.id,
        }
        if token.kind is TokenKind.ACCESS:
            described["token_type"] = BEARER
            described["aud"] = self.issuer
        return described


@dataclass(frozen=True, slots=True)
class RevocationEndpoint:
    """POST /oauth/revoke: takes a client's own token back (RFC 7009)."""

    clients: Clients
    tokens: Tokens

    async def post(self, request: Request) -> Response:
        """Answer 200 whatever the token was (RFC 7009 section 2.2)."""
        form = await request.form()
        presented = parse_client_credentials(request.header(b"authorization"), form)
        client = await self.clients.authenticate(presented, request.origin)
        await self.tokens.revoke(_required(form.get("token")), client, request.origin)
        return Response(200, b"", NO_STORE)


@dataclass(frozen=True, slots=True)
class TokenInfoEndpoint:
    """GET /oauth/tokeninfo: tells whoever holds an access token what it is (AuthGate's guide)."""

    tokens: Tokens
    issuer: str

    async def get(self, request: Request) -> Response:
        """Describe the access token in the Authorization header (RFC 6750 section 2.1)."""
        token = await self.tokens.tokeninfo(_bearer(request.header(b"authorization")))
        info: TokenInfo = {
            "active": True,
            "user_id": token.account_id or token.client_id,
            "client_id": token.client_id,
            "scope": scope_text(token.scope),
            "exp": epoch_seconds(token.expires_at),
            "iss": self.issuer,
            "subject_type": "user" if token.account_id else "client",
        }
        return private_json(info)


def _required(token: str | None) -> str:
    if token is None:
        raise Refusal("invalid_request", "The parameter token is missing.")
    return token


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("missing_token", "Show an access token: Authorization: Bearer.")
    return token.strip()
