import re

import pytest
from tests.kit.house import SOMEWHERE
from tests.pages.reading import read
from tests.pages.visitor import recorded

from gatewatch.kernel.errors import Refusal
from gatewatch.protocol.client_authentication import ClientCredentials

NEW = {
    "name": "Nightly report",
    "type": "confidential",
    "grant_client_credentials": "on",
    "scope": "reports:read  reports:write",
    "redirect_uris": "https://app.example.com/one\r\nhttps://app.example.com/two",
}


async def create(visitor, **fields):
    """Send the form for a new client."""
    page = read(await visitor.get("/admin/clients"))
    return await visitor.submit("/admin/clients", page, **{**NEW, **fields})


async def test_the_command_line_is_there_from_the_start(ada):
    assert (
        "gatewatch command line gatewatch-cli public" in read(await ada.get("/admin/clients")).text
    )


async def test_a_new_clients_secret_is_shown_once_and_works(auth, ada):
    response = await create(ada)
    named, secret = _shown(response, "client-id"), _shown(response, "client-secret")
    client = await auth.services.clients.authenticate(ClientCredentials(named, secret), SOMEWHERE)
    assert (client.name, client.scope) == ("Nightly report", ("reports:read", "reports:write"))
    assert len(client.redirect_uris) == 2
    assert secret not in (await ada.get("/admin/clients")).text
    assert secret not in str(await recorded(auth))


async def test_a_public_client_has_no_secret(ada):
    response = await create(ada, type="public", grant_client_credentials="", grant_device_code="on")
    assert "client-id" in response.text
    assert "client-secret" not in response.text


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"type": "public"},
        {"type": "secret"},
        {"grant_client_credentials": ""},
        {"scope": 'a"b'},
        {"redirect_uris": "http://app.example.com/"},
    ],
)
async def test_a_refused_client_costs_nobody_their_typing(ada, fields):
    response = await create(ada, **fields)
    assert response.status_code == 400
    page = read(response)
    assert any(element.attributes.get("role") == "alert" for element in page.elements)
    kept = next(each for each in page.all("input") if each.attributes.get("id") == "scope")
    assert kept.attributes["value"] == fields.get("scope", NEW["scope"])


async def test_disabling_ends_a_client_and_enabling_lets_it_work_again(auth, ada):
    made = await create(ada)
    given = ClientCredentials(_shown(made, "client-id"), _shown(made, "client-secret"))
    page = read(await ada.get("/admin/clients"))
    await ada.submit(f"/admin/clients/{given.client_id}/disable", page)
    with pytest.raises(Refusal, match="invalid_client"):
        await auth.services.clients.authenticate(given, SOMEWHERE)
    page = read(await ada.get("/admin/clients"))
    await ada.submit(f"/admin/clients/{given.client_id}/enable", page)
    assert await auth.services.clients.authenticate(given, SOMEWHERE)


async def test_what_is_not_there_cannot_be_disabled(ada):
    token = read(await ada.get("/admin/clients")).form("/logout")
    response = await ada.client.post("/admin/clients/cli_nothing/disable", data=token)
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["", "/gatewatch-cli/disable", "/gatewatch-cli/enable"])
async def test_nothing_is_changed_by_another_site(ada, path):
    response = await ada.client.post(f"/admin/clients{path}", data={**NEW, "csrf_token": "x"})
    assert response.status_code == 403


def _shown(response, name):
    return re.search(rf'id="{name}">([^<]+)<', response.text)[1]
