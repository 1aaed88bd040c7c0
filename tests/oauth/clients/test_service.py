import asyncio

import pytest
from tests.kit.house import OPERATOR, SOMEWHERE
from tests.kit.office import refusal_of

from gatewatch.catalogue.metrics import CLIENT_AUTHENTICATIONS
from gatewatch.catalogue.outcomes import ClientAuthentication, GrantType
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import ClientId
from gatewatch.oauth.clients.rules import ClientStatus, ClientType, Registration
from gatewatch.oauth.clients.service import CLI
from gatewatch.protocol.client_authentication import ClientCredentials, Contradictory, Unreadable


async def test_a_client_comes_back_as_it_was_registered(office):
    wanted = Registration(
        name="Keeper",
        type=ClientType.CONFIDENTIAL,
        grant_types=(GrantType.CLIENT_CREDENTIALS, GrantType.REFRESH_TOKEN),
        scope=("read", "write"),
        redirect_uris=("https://keeper.example/cb", "com.example.keeper:/cb"),
    )

    registered = await office.clients.create(wanted, by=OPERATOR)

    kept = await office.clients.by_id(registered.client.id)
    assert registered.client == kept
    assert (wanted.grant_types, wanted.scope) == (kept.grant_types, kept.scope)
    assert wanted.redirect_uris == kept.redirect_uris
    assert await office.house.actions() == ["clients.created"]


async def test_a_secret_is_shown_once_and_not_kept(office):
    credentials = await office.credentials()
    kept = await office.clients.by_id(ClientId(credentials.client_id))
    assert credentials.secret.encode() not in kept.secret_digest
    assert credentials.secret not in repr(kept)
    assert all(credentials.secret not in repr(row) for row in await office.house.recorded())


async def test_a_public_client_has_no_secret(office):
    credentials = await office.credentials(
        type=ClientType.PUBLIC, grant_types=(GrantType.DEVICE_CODE,)
    )
    assert credentials.secret is None
    assert await office.clients.authenticate(credentials, SOMEWHERE)


async def test_whoever_is_refused_is_told_the_same(office):
    credentials = await office.credentials()
    public = await office.credentials(type=ClientType.PUBLIC, grant_types=(GrantType.DEVICE_CODE,))
    shut = await office.credentials()
    await office.clients.disable(ClientId(shut.client_id), by=OPERATOR)
    presented = {
        ClientAuthentication.WRONG_SECRET: ClientCredentials(credentials.client_id, "wrong"),
        ClientAuthentication.MISSING_SECRET: ClientCredentials(credentials.client_id, None),
        ClientAuthentication.DISABLED: shut,
        ClientAuthentication.UNKNOWN: ClientCredentials("cli_none", "wrong"),
    }
    told = set()
    for each in (*presented.values(), Unreadable(), ClientCredentials(public.client_id, "secret")):
        with pytest.raises(Refusal) as caught:
            await office.clients.authenticate(each, SOMEWHERE)
        told.add((caught.value.code, caught.value.public))

    assert {("invalid_client", "The client could not be authenticated.")} == told
    for outcome in presented:
        times = 2 if outcome in {"unknown", "wrong_secret"} else 1
        assert times == office.house.meter.value(CLIENT_AUTHENTICATIONS, outcome)
    refused = [row for row in await office.house.recorded() if row.status == "failure"]
    assert len(refused) == 6


async def test_two_ways_at_once_are_refused_without_looking(office):
    assert (
        await refusal_of(office.clients.authenticate(Contradictory(), SOMEWHERE))
        == "invalid_request"
    )


@pytest.mark.parametrize("client_id", ["\0", "\ud800", "x" * 10_000, "' OR 1=1 --"])
async def test_a_strange_client_id_is_unknown_and_no_fault(office, client_id):
    presented = ClientCredentials(client_id, "secret")
    assert await refusal_of(office.clients.authenticate(presented, SOMEWHERE)) == "invalid_client"
    assert await office.house.actions() == ["clients.authentication_failed"]


async def test_an_id_is_taken_once(office):
    await office.credentials(client_id=ClientId("mine"))
    assert await refusal_of(office.credentials(client_id=ClientId("mine"))) == "conflict"


async def test_a_registration_that_makes_no_sense_is_refused(office):
    assert await refusal_of(office.credentials(name="")) == "invalid_input"


async def test_our_command_line_is_registered_once_however_often_we_start(office):
    await asyncio.gather(*(office.clients.ensure_cli() for _ in range(5)))
    client = await office.clients.authenticate(ClientCredentials(CLI.client_id, None), SOMEWHERE)
    assert CLI.scope == client.scope
    assert await office.house.actions() == ["clients.created"]


async def test_a_disabled_client_is_out_until_it_is_enabled(office):
    credentials = await office.credentials()
    client = ClientId(credentials.client_id)

    await office.clients.disable(client, by=OPERATOR)
    await office.clients.disable(client, by=OPERATOR)
    assert ClientStatus.DISABLED is (await office.clients.by_id(client)).status
    assert await refusal_of(office.clients.authenticate(credentials, SOMEWHERE)) == "invalid_client"

    await office.clients.enable(client, by=OPERATOR)
    await office.clients.enable(client, by=OPERATOR)
    assert client == (await office.clients.authenticate(credentials, SOMEWHERE)).id
    expected = [
        "clients.created",
        "clients.disabled",
        "clients.authentication_failed",
        "clients.enabled",
    ]
    assert expected == await office.house.actions()


async def test_a_disabled_client_loses_its_tokens_for_good(office):
    asker = await office.program(name="Asker")
    client = await office.program()
    issued = await office.tokens.client_credentials(client, None, SOMEWHERE)

    await office.clients.disable(client.id, by=OPERATOR)
    assert await office.tokens.introspect(issued.access_token, asker) is None
    await office.clients.enable(client.id, by=OPERATOR)
    assert await office.tokens.introspect(issued.access_token, asker) is None


async def test_there_is_no_disabling_of_nobody(office):
    nobody = ClientId("cli_none")
    assert await refusal_of(office.clients.disable(nobody, by=OPERATOR)) == "not_found"
    assert await refusal_of(office.clients.enable(nobody, by=OPERATOR)) == "not_found"


async def test_clients_are_paged_without_a_gap(office):
    ids = sorted([(await office.credentials()).client_id for _ in range(5)])
    first = await office.clients.page(size=3)
    rest = await office.clients.page(after=first[-1].id, size=3)
    assert ids == [client.id for client in (*first, *rest)]
