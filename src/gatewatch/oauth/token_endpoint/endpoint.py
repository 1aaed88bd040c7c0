"""POST /oauth/token: which grant, which client, and what it gets."""

from dataclasses import dataclass

from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.oauth.clients.rules import AuthenticatedClient
from gatewatch.oauth.clients.service import Clients
from gatewatch.oauth.device.service import Device
from gatewatch.oauth.tokens.service import Issued, Tokens
from gatewatch.protocol.client_authentication import parse_client_credentials
from gatewatch.protocol.requests import (
    ClientCredentialsGrant,
    DeviceGrant,
    Missing,
    RefreshGrant,
    TokenRequest,
    Unsupported,
    parse_token_request,
)
from gatewatch.protocol.responses import BEARER, TokenResponse
from gatewatch.protocol.scopes import scope_text


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Exchanges grants for tokens (RFC 6749 section 3.2)."""

    clients: Clients
    tokens: Tokens
    device: Device

    async def post(self, request: Request) -> Response:
        """Answer with tokens, or with why not (RFC 6749 sections 5.1 and 5.2)."""
        form = await request.form()
        origin = request.origin
        presented = parse_client_credentials(request.header(b"authorization"), form)
        client = await self.clients.authenticate(presented, origin)
        issued = await self._exchange(parse_token_request(form), client, origin)
        return private_json(_response(issued))

    async def _exchange(
        self, wanted: TokenRequest, client: AuthenticatedClient, origin: Origin
    ) -> Issued:
        match wanted:
            case DeviceGrant(device_code=code):
                return await self.device.redeem(code, client, origin)
            case RefreshGrant(refresh_token=token, scope=scope):
                return await self.tokens.refresh(token, scope, client, origin)
            case ClientCredentialsGrant(scope=scope):
                return await self.tokens.client_credentials(client, scope, origin)
            case Missing(parameter=name):
                raise Refusal("invalid_request", f"The parameter {name} is missing.")
            case Unsupported():
                raise Refusal("unsupported_grant_type", "There is no such grant here.")


def _response(issued: Issued) -> TokenResponse:
    response: TokenResponse = {
        "access_token": issued.access_token,
        "token_type": BEARER,
        "expires_in": issued.expires_in,
        "scope": scope_text(issued.scope),
    }
    if issued.refresh_token is not None:
        response["refresh_token"] = issued.refresh_token
    return response
