"""POST /oauth/device/code: where a device asks for its codes (RFC 8628 section 3.1)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.http.urls import Urls
from gatewatch.oauth.clients.service import Clients
from gatewatch.oauth.device.service import Device
from gatewatch.protocol.client_authentication import parse_client_credentials
from gatewatch.protocol.responses import DeviceAuthorizationResponse


@dataclass(frozen=True, slots=True)
class DeviceAuthorizationEndpoint:
    """Hands out a code for the device and one for its person."""

    clients: Clients
    device: Device
    urls: Urls

    async def post(self, request: Request) -> Response:
        """Answer with both codes, and with where the person goes (RFC 8628 section 3.2)."""
        form = await request.form()
        presented = parse_client_credentials(request.header(b"authorization"), form)
        client = await self.clients.authenticate(presented, request.origin)
        started = await self.device.start(client, form.get("scope"), request.origin)
        page = self.urls.absolute("/device")
        response: DeviceAuthorizationResponse = {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': started.user_code})}",
            "expires_in": started.expires_in,
            "interval": started.interval,
        }
        return private_json(response)
