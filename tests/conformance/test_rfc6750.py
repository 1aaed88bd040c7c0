"""RFC 6750: bearer token usage, at the one endpoint that takes one. By section."""

import pytest


async def test_2_1_a_token_is_shown_in_the_header(site):
    client_id = await site.television()
    tokens = await site.signed_in(client_id, scope="read")
    header = {"authorization": f"bearer {tokens['access_token']}"}
    response = await site.http.get("/oauth/tokeninfo", headers=header)
    answer = response.json()
    assert answer.pop("user_id").startswith("acc_")
    assert {
        "active": True,
        "client_id": client_id,
        "scope": "read",
        "exp": int(site.clock.now().timestamp()) + 900,
        "iss": site.issuer,
        "subject_type": "user",
    } == answer
    assert response.headers["cache-control"] == "no-store"


async def test_2_1_a_clients_own_token_says_so(site):
    keeper = await site.keeper()
    form = {"grant_type": "client_credentials"}
    token = (await site.http.post("/oauth/token", data=form, auth=keeper)).json()["access_token"]
    header = {"authorization": f"Bearer {token}"}
    answer = (await site.http.get("/oauth/tokeninfo", headers=header)).json()
    assert ("client", keeper[0]) == (answer["subject_type"], answer["user_id"])


async def test_3_a_token_that_does_not_work_is_challenged(site):
    header = {"authorization": "Bearer nothing"}
    response = await site.http.get("/oauth/tokeninfo", headers=header)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    "header", [{}, {"authorization": "Basic eDp5"}, {"authorization": "nothing"}]
)
async def test_3_1_without_a_token_the_challenge_says_no_more_than_bearer(site, header):
    response = await site.http.get("/oauth/tokeninfo", headers=header)
    assert (response.status_code, response.json()["error"]) == (401, "missing_token")
    assert response.headers["www-authenticate"] == 'Bearer realm="gatewatch"'
