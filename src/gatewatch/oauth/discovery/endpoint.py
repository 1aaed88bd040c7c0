"""The documents below /.well-known: what there is, where it is, and the keys that sign."""

from dataclasses import dataclass
from typing import Final, Self

import msgspec

from gatewatch.backends.keys.keyring import Keyring
from gatewatch.http.request import Request
from gatewatch.http.response import Header, Response, json_response
from gatewatch.http.urls import Urls
from gatewatch.protocol.client_authentication import METHODS
from gatewatch.protocol.requests import GRANT_TYPES
from gatewatch.protocol.responses import Metadata
from gatewatch.protocol.scopes import OFFLINE_ACCESS, OPENID
from gatewatch.settings import SigningAlgorithm

_METADATA_AGE: Final[Header] = (b"cache-control", b"public, max-age=3600")
"""Seconds a program may go without noticing a new release."""

_KEYS_AGE: Final[Header] = (b"cache-control", b"public, max-age=900")
"""Seconds a program may go without noticing a new key: the life of an access token."""

_JSON: Final[Header] = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Tells programs about us; it says nothing of what is not there."""

    keyring: Keyring
    metadata: bytes

    @classmethod
    def of(cls, urls: Urls, keyring: Keyring, algorithm: SigningAlgorithm) -> Self:
        """Write the metadata once: it is the same for everyone, until a restart."""
        return cls(keyring, msgspec.json.encode(_metadata(urls, algorithm)))

    async def configuration(self, _request: Request) -> Response:
        """Answer /.well-known/openid-configuration and oauth-authorization-server alike."""
        return Response(200, self.metadata, (_JSON, _METADATA_AGE))

    async def keys(self, _request: Request) -> Response:
        """Answer /.well-known/jwks.json with the public keys (RFC 7517 section 5)."""
        return json_response(self.keyring.public_jwks(), headers=(_KEYS_AGE,))


def _metadata(urls: Urls, algorithm: SigningAlgorithm) -> Metadata:
    return {
        "issuer": urls.issuer,
        "token_endpoint": urls.absolute("/oauth/token"),
        "device_authorization_endpoint": urls.absolute("/oauth/device/code"),
        "introspection_endpoint": urls.absolute("/oauth/introspect"),
        "revocation_endpoint": urls.absolute("/oauth/revoke"),
        "jwks_uri": urls.absolute("/.well-known/jwks.json"),
        "grant_types_supported": list(GRANT_TYPES),
        # Nothing is asked for in the browser's address bar yet (RFC 8414 section 2).
        "response_types_supported": [],
        "scopes_supported": [OPENID, "profile", "email", OFFLINE_ACCESS],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm.value],
        "token_endpoint_auth_methods_supported": [*METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
    }
