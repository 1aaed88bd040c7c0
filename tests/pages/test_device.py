import pytest
from tests.kit.house import OPERATOR, SOMEWHERE
from tests.pages.reading import read
from tests.pages.visitor import recorded, started, visiting

from gatewatch.catalogue.outcomes import GrantType
from gatewatch.kernel.errors import Refusal
from gatewatch.oauth.clients.rules import AuthenticatedClient, ClientType, Registration


async def test_a_code_is_asked_for(ada):
    page = read(await ada.get("/device"))
    assert page.one("h1").text == "Enter the code"
    assert [
        form.attributes["method"]
        for form in page.all("form")
        if form.attributes["action"] == "/device"
    ] == ["get"]


async def test_a_person_sees_who_asks_for_what_and_from_where(auth, grace, clock):
    _, codes = await started(auth)
    clock.advance(minutes=2)
    text = read(await grace.get(f"/device?user_code={codes.user_code}")).text
    assert "gatewatch command line" in text
    assert codes.user_code in text
    assert "Know which account is yours openid" in text
    assert "See your email address email" in text
    assert "When 2 minutes ago From 198.51.100.7 With curl/8.5.0" in text
    assert "Not the network you are on. You are at 203.0.113.9" in text


async def test_on_the_same_network_there_is_no_warning(auth, ada):
    _, codes = await started(auth)
    assert "Not the network" not in (await ada.get(f"/device?user_code={codes.user_code}")).text


async def test_a_code_may_be_typed_carelessly_and_is_shown_as_the_device_shows_it(auth, ada):
    _, codes = await started(auth)
    typed = codes.user_code.replace("-", "").lower()
    assert codes.user_code in read(await ada.get(f"/device?user_code={typed}")).text


async def test_opening_a_link_approves_nothing(auth, ada):
    client, codes = await started(auth)
    await ada.get(f"/device?user_code={codes.user_code}&action=approve")
    with pytest.raises(Refusal, match="authorization_pending"):
        await auth.services.device.redeem(codes.device_code, client, SOMEWHERE)


async def test_an_approved_device_is_signed_in(auth, ada):
    client, codes = await started(auth)
    page = read(await ada.get(f"/device?user_code={codes.user_code}"))
    done = await ada.submit("/device", page, action="approve")
    assert "gatewatch command line is signed in" in read(done).text
    issued = await auth.services.device.redeem(codes.device_code, client, SOMEWHERE)
    assert issued.access_token


async def test_a_denied_device_is_turned_away(auth, ada):
    client, codes = await started(auth)
    page = read(await ada.get(f"/device?user_code={codes.user_code}"))
    done = await ada.submit("/device", page, action="deny")
    assert "was turned away" in read(done).text
    with pytest.raises(Refusal, match="access_denied"):
        await auth.services.device.redeem(codes.device_code, client, SOMEWHERE)


async def test_no_device_is_approved_by_another_site(auth, ada):
    client, codes = await started(auth)
    fields = {"user_code": codes.user_code, "action": "approve", "csrf_token": "guess"}
    assert (await ada.client.post("/device", data=fields)).status_code == 403
    with pytest.raises(Refusal, match="authorization_pending"):
        await auth.services.device.redeem(codes.device_code, client, SOMEWHERE)


async def test_neither_approving_nor_denying_is_refused(auth, ada):
    _, codes = await started(auth)
    page = read(await ada.get(f"/device?user_code={codes.user_code}"))
    assert (await ada.submit("/device", page, action="maybe")).status_code == 400


async def test_a_wrong_code_is_asked_for_again(ada):
    response = await ada.get("/device?user_code=BBBB-BBBB")
    assert response.status_code == 404
    assert "No device is waiting with this code" in response.text
    assert 'value="BBBB-BBBB"' in response.text


async def test_a_code_that_is_decided_leads_nowhere(auth, ada, grace):
    _, codes = await started(auth)
    path = f"/device?user_code={codes.user_code}"
    page, late = read(await ada.get(path)), read(await grace.get(path))
    await ada.submit("/device", page, action="approve")
    assert (await grace.submit("/device", late, action="deny")).status_code == 404


async def test_guessing_codes_is_stopped(ada):
    statuses = [
        (await ada.get(f"/device?user_code=BBBB-BBB{letter}")).status_code
        for letter in "BCDFGHJKLMNPQRSTVWXZ"
    ]
    assert statuses[0] == 404
    assert statuses[-1] == 429


async def test_a_code_in_the_address_survives_signing_in(auth, visitor):
    _, codes = await started(auth)
    away = await visitor.get(f"/device?user_code={codes.user_code}")
    signed_in = await visitor.sign_in(path=away.headers["location"])
    assert "gatewatch command line" in read(await visitor.follow(signed_in)).text


async def test_a_client_cannot_write_the_page(auth, ada):
    services = auth.services
    wanted = Registration("<img src=x>", ClientType.PUBLIC, (GrantType.DEVICE_CODE,), ("a&b",))
    registered = await services.clients.create(wanted, by=OPERATOR)
    client = AuthenticatedClient(registered.client)
    codes = await services.device.start(client, None, SOMEWHERE)
    page = await ada.get(f"/device?user_code={codes.user_code}")
    assert "<img" not in page.text
    assert "&lt;img src=x&gt;" in page.text
    assert "a&amp;b" in page.text


async def test_approving_is_recorded_with_who_and_where(auth):
    async with visiting(auth, "192.0.2.44") as visitor:
        await visitor.sign_in()
        _, codes = await started(auth)
        page = read(await visitor.get(f"/device?user_code={codes.user_code}"))
        await visitor.submit("/device", page, action="approve")
    (row,) = [row for row in await recorded(auth) if row.event_type == "DEVICE_CODE_AUTHORIZED"]
    assert (row.actor_name, row.ip_address) == ("ada@example.com", "192.0.2.44")
    assert row.session_id
