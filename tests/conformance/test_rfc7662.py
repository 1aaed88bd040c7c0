"""RFC 7662: token introspection. A test per requirement, by section."""

import pytest


async def introspect(site, token, auth):
    return await site.http.post("/oauth/introspect", data={"token": token}, auth=auth)


async def test_2_1_whoever_asks_is_authenticated(site):
    client_id, _ = await site.keeper()
    response = await site.http.post("/oauth/introspect", data={"token": "x"})
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    response = await introspect(site, "x", (client_id, "wrong"))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" in response.headers


async def test_2_1_a_public_client_cannot_ask(site):
    form = {"token": "x", "client_id": await site.television()}
    response = await site.http.post("/oauth/introspect", data=form)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_2_1_the_token_is_required_and_in_the_body(site):
    keeper = await site.keeper()
    response = await site.http.post(
        "/oauth/introspect", params={"token": "x"}, data={"y": "z"}, auth=keeper
    )
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert (await site.http.get("/oauth/introspect", auth=keeper)).status_code == 405


async def test_2_2_an_active_token_is_described(site):
    keeper, client_id = await site.keeper(), await site.television()
    tokens = await site.signed_in(client_id, scope="read")
    response = await introspect(site, tokens["access_token"], keeper)

    answer = response.json()
    now = int(site.clock.now().timestamp())
    assert answer.pop("sub").startswith("acc_")
    assert answer.pop("jti").startswith("tok_")
    assert {
        "active": True,
        "scope": "read",
        "client_id": client_id,
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 900,
        "iss": site.issuer,
        "aud": site.issuer,
    } == answer
    assert response.headers["cache-control"] == "no-store"


async def test_2_2_a_clients_own_token_is_about_the_client(site):
    keeper = await site.keeper()
    form = {"grant_type": "client_credentials"}
    token = (await site.http.post("/oauth/token", data=form, auth=keeper)).json()["access_token"]
    assert keeper[0] == (await introspect(site, token, keeper)).json()["sub"]


@pytest.mark.parametrize(
    "token", ["nothing", "a.b", "a.b.c", "tok_1.secret", "%00", "ä", "x" * 9000]
)
async def test_2_2_of_a_token_that_does_not_work_nothing_is_said(site, token):
    response = await introspect(site, token, await site.keeper())
    assert (response.status_code, response.json()) == (200, {"active": False})


async def test_2_2_an_expired_token_is_inactive(site):
    keeper, client_id = await site.keeper(), await site.television()
    tokens = await site.signed_in(client_id)
    site.clock.advance(seconds=900)
    answer = (await introspect(site, tokens["access_token"], keeper)).json()
    assert answer == {"active": False}
    answer = (await introspect(site, tokens["refresh_token"], keeper)).json()
    assert answer == {"active": False}
