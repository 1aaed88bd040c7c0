"""RFC 6749: the OAuth 2.0 authorization framework. A test per requirement, by section."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest

CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


def no_store(response):
    return (response.headers["cache-control"], response.headers["pragma"])


def only_error(response):
    assert response.headers["content-type"] == "application/json"
    assert {"error", "error_description"} == response.json().keys()
    return response.status_code, response.json()["error"]


async def test_2_3_1_a_client_authenticates_with_basic(site):
    response = await site.http.post(
        "/oauth/token", data=CLIENT_CREDENTIALS, auth=await site.keeper()
    )
    assert response.status_code == 200


async def test_2_3_1_both_parts_of_basic_are_form_encoded(site):
    client_id, secret = await site.keeper()
    encoded = "".join(f"%{byte:02X}" for byte in client_id.encode())
    header = b64encode(f"{encoded}:{quote_plus(secret)}".encode()).decode()
    response = await site.http.post(
        "/oauth/token", data=CLIENT_CREDENTIALS, headers={"authorization": f"basic {header}"}
    )
    assert response.status_code == 200


async def test_2_3_1_a_client_may_authenticate_in_the_body(site):
    client_id, secret = await site.keeper()
    form = {**CLIENT_CREDENTIALS, "client_id": client_id, "client_secret": secret}
    assert (await site.http.post("/oauth/token", data=form)).status_code == 200


async def test_2_3_1_credentials_in_the_url_are_not_looked_at(site):
    client_id, secret = await site.keeper()
    response = await site.http.post(
        "/oauth/token",
        params={"client_id": client_id, "client_secret": secret},
        data=CLIENT_CREDENTIALS,
    )
    assert only_error(response) == (401, "invalid_client")


async def test_2_3_a_client_uses_one_method_per_request(site):
    client_id, secret = await site.keeper()
    form = {**CLIENT_CREDENTIALS, "client_id": client_id, "client_secret": secret}
    response = await site.http.post("/oauth/token", data=form, auth=(client_id, secret))
    assert only_error(response) == (400, "invalid_request")


async def test_3_2_the_token_endpoint_takes_post_alone(site):
    response = await site.http.get("/oauth/token")
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


async def test_3_2_a_parameter_without_a_value_counts_as_omitted(site):
    form = {**CLIENT_CREDENTIALS, "scope": ""}
    response = await site.http.post("/oauth/token", data=form, auth=await site.keeper())
    assert response.json()["scope"] == "read write offline_access"


async def test_3_2_a_parameter_that_is_not_known_is_ignored(site):
    form = {**CLIENT_CREDENTIALS, "extra_claims": '{"role":"admin"}'}
    response = await site.http.post("/oauth/token", data=form, auth=await site.keeper())
    assert response.status_code == 200


async def test_3_2_a_repeated_parameter_is_refused(site):
    response = await site.http.post(
        "/oauth/token",
        content="grant_type=client_credentials&scope=read&scope=write",
        headers={"content-type": "application/x-www-form-urlencoded"},
        auth=await site.keeper(),
    )
    assert only_error(response) == (400, "invalid_request")


async def test_3_2_only_forms_are_read(site):
    response = await site.http.post(
        "/oauth/token", json=CLIENT_CREDENTIALS, auth=await site.keeper()
    )
    assert only_error(response) == (400, "invalid_request")


async def test_4_4_3_a_clients_own_token_has_no_refresh_token(site):
    response = await site.http.post(
        "/oauth/token", data=CLIENT_CREDENTIALS, auth=await site.keeper()
    )
    assert "refresh_token" not in response.json()


async def test_5_1_tokens_are_answered_in_json_that_no_cache_keeps(site):
    form = {**CLIENT_CREDENTIALS, "scope": "read"}
    response = await site.http.post("/oauth/token", data=form, auth=await site.keeper())
    assert response.headers["content-type"] == "application/json"
    assert no_store(response) == ("no-store", "no-cache")
    answer = response.json()
    assert answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 900, "scope": "read"}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "refresh_token"}, (400, "invalid_request")),
        ({"grant_type": "refresh_token", "refresh_token": "none"}, (400, "invalid_grant")),
        ({**CLIENT_CREDENTIALS, "scope": "admin"}, (400, "invalid_scope")),
        ({**CLIENT_CREDENTIALS, "scope": 'a"b'}, (400, "invalid_scope")),
    ],
)
async def test_5_2_errors_say_what_is_wrong(site, form, expected):
    response = await site.http.post("/oauth/token", data=form, auth=await site.keeper())
    assert expected == only_error(response)
    assert no_store(response) == ("no-store", "no-cache")


async def test_5_2_a_failed_authentication_is_challenged_with_the_scheme_used(site):
    client_id, _ = await site.keeper()
    response = await site.http.post(
        "/oauth/token", data=CLIENT_CREDENTIALS, auth=(client_id, "wrong")
    )
    assert only_error(response) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic ")


async def test_5_2_a_client_without_the_grant_is_unauthorized(site):
    form = {**CLIENT_CREDENTIALS, "client_id": await site.television()}
    response = await site.http.post("/oauth/token", data=form)
    assert only_error(response) == (400, "unauthorized_client")


async def test_6_a_refresh_token_is_exchanged_for_a_new_pair(site):
    client_id = await site.television()
    first = await site.signed_in(client_id)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": client_id,
    }
    second = (await site.http.post("/oauth/token", data=form)).json()
    assert {"access_token", "token_type", "expires_in", "scope", "refresh_token"} == second.keys()
    assert first["refresh_token"] != second["refresh_token"]
    response = await site.http.post("/oauth/token", data=form)
    assert only_error(response) == (400, "invalid_grant")


async def test_6_a_confidential_client_authenticates_to_refresh(site):
    client_id, _ = await site.keeper()
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client_id}
    assert only_error(await site.http.post("/oauth/token", data=form)) == (401, "invalid_client")


async def test_6_a_refreshed_scope_is_not_more_than_was_granted(site):
    client_id = await site.television()
    tokens = await site.signed_in(client_id, scope="read offline_access")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": client_id,
        "scope": "read write",
    }
    assert only_error(await site.http.post("/oauth/token", data=form)) == (400, "invalid_scope")
