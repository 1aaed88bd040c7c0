"""Token requests as a sum type: what a client asks the token endpoint for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
"""The device grant's name on the wire (RFC 8628 section 3.4)."""

REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - a grant's name (RFC 6749 section 6)
CLIENT_CREDENTIALS: Final = "client_credentials"
"""The client credentials grant's name on the wire (RFC 6749 section 4.4.2)."""

GRANT_TYPES: Final = (DEVICE_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS)
"""The grants of the token endpoint, by their names on the wire."""


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """Exchange a device code (RFC 8628 section 3.4)."""

    device_code: str


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """Exchange a refresh token (RFC 6749 section 6)."""

    refresh_token: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """A client's own token (RFC 6749 section 4.4)."""

    scope: str | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A required parameter that is not there."""

    parameter: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A grant type that is none of ours."""


TokenRequest = DeviceGrant | RefreshGrant | ClientCredentialsGrant | Missing | Unsupported


def parse_token_request(form: Mapping[str, str]) -> TokenRequest:
    """Read what a form asks the token endpoint for."""
    match form.get("grant_type"):
        case None:
            return Missing("grant_type")
        case grant if grant == DEVICE_CODE:
            code = form.get("device_code")
            return DeviceGrant(code) if code else Missing("device_code")
        case grant if grant == REFRESH_TOKEN:
            token = form.get("refresh_token")
            return RefreshGrant(token, form.get("scope")) if token else Missing("refresh_token")
        case grant if grant == CLIENT_CREDENTIALS:
            return ClientCredentialsGrant(form.get("scope"))
        case _:
            return Unsupported()
