"""RFC 7009: token revocation. A test per requirement, by section."""


async def is_active(site, keeper, token):
    response = await site.http.post("/oauth/introspect", data={"token": token}, auth=keeper)
    return response.json()["active"]


async def test_2_1_a_client_revokes_its_own_token(site):
    keeper = await site.keeper()
    form = {"grant_type": "client_credentials"}
    token = (await site.http.post("/oauth/token", data=form, auth=keeper)).json()["access_token"]
    assert await is_active(site, keeper, token)

    response = await site.http.post("/oauth/revoke", data={"token": token}, auth=keeper)

    assert (
        response.status_code,
        response.content,
        response.headers["cache-control"],
    ) == (200, b"", "no-store")
    assert not await is_active(site, keeper, token)


async def test_2_1_a_public_client_says_who_it_is(site):
    keeper, client_id = await site.keeper(), await site.television()
    tokens = await site.signed_in(client_id)
    form = {"token": tokens["refresh_token"], "client_id": client_id}
    assert (await site.http.post("/oauth/revoke", data=form)).status_code == 200
    assert not await is_active(site, keeper, tokens["access_token"])


async def test_2_1_a_wrong_hint_changes_nothing(site):
    keeper, client_id = await site.keeper(), await site.television()
    tokens = await site.signed_in(client_id)
    form = {
        "token": tokens["access_token"],
        "token_type_hint": "refresh_token",
        "client_id": client_id,
    }
    assert (await site.http.post("/oauth/revoke", data=form)).status_code == 200
    assert not await is_active(site, keeper, tokens["access_token"])


async def test_2_1_a_token_of_another_client_is_left_alone(site):
    keeper, client_id = await site.keeper(), await site.television()
    tokens = await site.signed_in(client_id)
    form = {"token": tokens["refresh_token"]}
    response = await site.http.post("/oauth/revoke", data=form, auth=keeper)
    assert response.status_code == 200
    assert await is_active(site, keeper, tokens["access_token"])


async def test_2_1_whoever_revokes_is_authenticated(site):
    client_id, _ = await site.keeper()
    form = {"token": "x", "client_id": client_id}
    response = await site.http.post("/oauth/revoke", data=form)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_2_2_an_unknown_token_is_answered_like_any_other(site):
    form = {"token": "nothing"}
    response = await site.http.post("/oauth/revoke", data=form, auth=await site.keeper())
    assert (response.status_code, response.content) == (200, b"")


async def test_2_2_1_a_request_without_a_token_is_invalid(site):
    response = await site.http.post("/oauth/revoke", data={"x": "y"}, auth=await site.keeper())
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
