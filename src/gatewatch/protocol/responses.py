"""What OAuth's endpoints answer with, on the wire."""

from typing import Final, Literal, NotRequired, TypedDict

BEARER: Final = "Bearer"
"""The only type of token there is here (RFC 6750)."""


class TokenResponse(TypedDict):
    """Tokens, from the token endpoint (RFC 6749 section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: NotRequired[str]


class DeviceAuthorizationResponse(TypedDict):
    """Codes for a device and for its person (RFC 8628 section 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class ActiveToken(TypedDict):
    """A token that works (RFC 7662 section 2.2)."""

    active: Literal[True]
    scope: str
    client_id: str
    token_type: NotRequired[str]
    exp: int
    iat: int
    sub: str
    aud: NotRequired[str]
    iss: str
    jti: str


class InactiveToken(TypedDict):
    """A token that does not work; why is not said (RFC 7662 section 2.2)."""

    active: Literal[False]


INACTIVE: Final[InactiveToken] = {"active": False}


class TokenInfo(TypedDict):
    """What its holder may know of an access token."""

    active: Literal[True]
    user_id: str
    client_id: str
    scope: str
    exp: int
    iss: str
    subject_type: Literal["user", "client"]


class Metadata(TypedDict):
    """What there is, and where (RFC 8414 section 2, OpenID Connect Discovery section 3)."""

    issuer: str
    token_endpoint: str
    device_authorization_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
