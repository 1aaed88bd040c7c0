"""RFC 8414 and RFC 7517: what a program finds out, knowing the issuer alone. By section."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_2_the_metadata_has_what_is_required(site, path):
    response = await site.http.get(path)
    metadata = response.json()
    assert site.issuer == metadata["issuer"]
    assert {"token_endpoint", "response_types_supported"} <= metadata.keys()
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=3600"


async def test_2_both_documents_say_the_same(site):
    one, two = [await site.http.get(path) for path in DOCUMENTS]
    assert one.json() == two.json()


async def test_2_every_endpoint_named_is_there_and_none_else_is_named(site):
    metadata = (await site.http.get(DOCUMENTS[0])).json()
    named = {name: url for name, url in metadata.items() if name.endswith("_endpoint")}
    for url in named.values():
        assert url.startswith(site.issuer)
        assert (await site.http.post(url, data={"x": "y"})).status_code != 404
    assert (await site.http.get(metadata["jwks_uri"])).status_code == 200


async def test_2_every_grant_named_is_spoken(site):
    keeper = await site.keeper()
    metadata = (await site.http.get(DOCUMENTS[0])).json()
    for grant in metadata["grant_types_supported"]:
        response = await site.http.post("/oauth/token", data={"grant_type": grant}, auth=keeper)
        assert response.json().get("error") != "unsupported_grant_type"


async def test_the_keys_published_verify_what_is_issued(site):
    form = {"grant_type": "client_credentials"}
    issued = await site.http.post("/oauth/token", data=form, auth=await site.keeper())
    published = (await site.http.get("/.well-known/jwks.json")).json()
    keys = KeySet.import_key_set(published)
    token = jwt.decode(issued.json()["access_token"], keys, algorithms=["ES256"])
    assert site.issuer == token.claims["iss"]


async def test_no_private_part_of_a_key_is_published(site):
    response = await site.http.get("/.well-known/jwks.json")
    for key in response.json()["keys"]:
        assert set() == {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys()
    assert response.headers["cache-control"] == "public, max-age=900"
