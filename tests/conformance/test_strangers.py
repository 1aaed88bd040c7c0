"""Libraries that know nothing of us, unmodified, against a real server."""

from time import sleep

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import (
    BackendApplicationClient,
    DeviceClient,
    InvalidClientError,
    InvalidScopeError,
)
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error
from requests_oauthlib import OAuth2Session
from tests.kit.people import DEVICE_CODE, OUR_CLI, Pair, approve, keeper
from tests.kit.server import Server

INTERVAL = 1.1
"""Seconds: longer than the server asks a device to wait between polls."""
SETTINGS = {"device_interval_secs": "1"}


@pytest.fixture
def metadata(standing: Server) -> dict[str, str]:
    """What a library is configured from."""
    return httpx.get(f"{standing.base}/.well-known/oauth-authorization-server").json()


@pytest.fixture(scope="module")
def pair(standing: Server) -> Pair:
    """A program's id and its secret; it may use every grant."""
    return keeper(standing, "client_credentials", "device_code", "refresh_token")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_has_it_described_and_takes_it_back(
    standing: Server, metadata: dict[str, str], pair: Pair, method: str
) -> None:
    client_id, secret = pair
    with AuthlibSession(client_id, secret, token_endpoint_auth_method=method) as session:
        token = session.fetch_token(
            metadata["token_endpoint"], grant_type="client_credentials", scope="read"
        )
        assert {"read", "Bearer"} == {token["scope"], token["token_type"]}
        keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
        claims = jwt.decode(token["access_token"], keys, algorithms=["ES256"]).claims
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": standing.base},
            aud={"essential": True, "value": standing.base},
            exp={"essential": True},
        ).validate(claims)

        described = session.introspect_token(metadata["introspection_endpoint"]).json()
        assert (True, claims["jti"], client_id) == (
            described["active"],
            described["jti"],
            described["sub"],
        )
        assert session.revoke_token(metadata["revocation_endpoint"]).status_code == 200
        described = session.introspect_token(metadata["introspection_endpoint"]).json()
        assert described == {"active": False}


def test_authlib_signs_a_device_in_and_refreshes(
    standing: Server, metadata: dict[str, str], pair: Pair
) -> None:
    client_id, secret = pair
    with AuthlibSession(client_id, secret, scope="read offline_access") as session:
        codes = session.post(
            metadata["device_authorization_endpoint"],
            data={"client_id": client_id, "scope": "read offline_access"},
            auth=(client_id, secret),
            withhold_token=True,
        ).json()
        poll = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"]}
        with pytest.raises(OAuthError, match="authorization_pending"):
            session.fetch_token(metadata["token_endpoint"], **poll)
        approve(standing, codes["user_code"])
        sleep(INTERVAL)
        first = session.fetch_token(metadata["token_endpoint"], **poll)

        second = session.refresh_token(
            metadata["token_endpoint"], refresh_token=first["refresh_token"]
        )
        assert first["refresh_token"] != second["refresh_token"]
        assert second["scope"] == "read offline_access"
        session.revoke_token(
            metadata["revocation_endpoint"],
            token=second["refresh_token"],
            token_type_hint="refresh_token",
        )
        described = session.introspect_token(
            metadata["introspection_endpoint"], token=second["access_token"]
        )
        assert described.json() == {"active": False}


def test_authlib_is_told_what_is_wrong(metadata: dict[str, str], pair: Pair) -> None:
    with (
        AuthlibSession(pair[0], "wrong") as session,
        pytest.raises(OAuthError, match="invalid_client"),
    ):
        session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")


@pytest.mark.usefixtures("plain_http")
class TestOauthlib:
    """requests-oauthlib and oauthlib."""

    @pytest.fixture
    def plain_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    @pytest.mark.parametrize("shown", ["in the header", "in the body"])
    def test_a_program_gets_a_token_and_uses_it(
        self, standing: Server, metadata: dict[str, str], pair: Pair, shown: str
    ) -> None:
        client_id, secret = pair
        with OAuth2Session(client=BackendApplicationClient(client_id, scope="read")) as session:
            token = session.fetch_token(
                metadata["token_endpoint"],
                client_id=client_id,
                client_secret=secret,
                include_client_id=shown == "in the body",
            )
            assert token["scope"] == ["read"]
            info = session.get(f"{standing.base}/oauth/tokeninfo").json()
            assert (True, client_id, "client") == (
                info["active"],
                info["client_id"],
                info["subject_type"],
            )

    def test_a_program_is_told_what_is_wrong(self, metadata: dict[str, str], pair: Pair) -> None:
        client_id, secret = pair
        with OAuth2Session(client=BackendApplicationClient(client_id)) as session:
            with pytest.raises(InvalidClientError):
                session.fetch_token(metadata["token_endpoint"], client_secret="wrong")
            with pytest.raises(InvalidScopeError):
                session.fetch_token(metadata["token_endpoint"], client_secret=secret, scope="admin")

    def test_a_device_waits_signs_in_and_refreshes(
        self, standing: Server, metadata: dict[str, str]
    ) -> None:
        client = DeviceClient(OUR_CLI, scope="profile offline_access")
        with OAuth2Session(client=client, scope="profile offline_access") as session:
            codes = session.post(
                metadata["device_authorization_endpoint"],
                data={"client_id": OUR_CLI, "scope": "profile offline_access"},
                withhold_token=True,
            ).json()
            endpoint, code = metadata["token_endpoint"], codes["device_code"]
            with pytest.raises(CustomOAuth2Error, match="authorization_pending"):
                session.fetch_token(endpoint, device_code=code, include_client_id=True)
            approve(standing, codes["user_code"])
            sleep(INTERVAL)
            first = session.fetch_token(endpoint, device_code=code, include_client_id=True)
            second = session.refresh_token(
                endpoint, refresh_token=first["refresh_token"], client_id=OUR_CLI
            )
            assert first["access_token"] != second["access_token"]
            info = session.get(f"{standing.base}/oauth/tokeninfo").json()
            assert (info["client_id"], info["subject_type"]) == (OUR_CLI, "user")
