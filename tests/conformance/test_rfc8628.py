"""RFC 8628: the device authorization grant. A test per requirement, by section."""

import asyncio
import re

from gatewatch.kernel.actor import NOWHERE


def error(response):
    assert {"error", "error_description"} == response.json().keys()
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["error"]


async def test_3_1_the_client_says_who_it_is(site):
    response = await site.http.post("/oauth/device/code", data={"scope": "read"})
    assert error(response) == (401, "invalid_client")
    response = await site.http.post("/oauth/device/code", data={"client_id": "nobody"})
    assert error(response) == (401, "invalid_client")


async def test_3_1_a_confidential_client_authenticates(site):
    keeper = await site.keeper()
    form = {"client_id": keeper[0]}
    response = await site.http.post("/oauth/device/code", data=form)
    assert error(response) == (401, "invalid_client")
    response = await site.http.post("/oauth/device/code", data=form, auth=keeper)
    assert response.status_code == 200


async def test_3_1_the_scope_is_limited_to_the_clients(site):
    form = {"client_id": await site.television(), "scope": "read admin"}
    response = await site.http.post("/oauth/device/code", data=form)
    assert error(response) == (400, "invalid_scope")


async def test_3_2_the_answer_has_both_codes_and_where_to_go(site):
    form = {"client_id": await site.television()}
    response = await site.http.post("/oauth/device/code", data=form)
    answer = response.json()
    code = answer["user_code"]
    assert {
        "device_code": answer["device_code"],
        "user_code": code,
        "verification_uri": f"{site.issuer}/device",
        "verification_uri_complete": f"{site.issuer}/device?user_code={code}",
        "expires_in": 1800,
        "interval": 5,
    } == answer
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


async def test_3_4_a_poll_needs_its_device_code(site):
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": await site.television(),
    }
    response = await site.http.post("/oauth/token", data=form)
    assert error(response) == (400, "invalid_request")


async def test_3_5_a_waiting_device_is_told_to_go_on(site):
    client_id = await site.television()
    started = await site.start(client_id)
    response = await site.poll(client_id, started["device_code"])
    assert error(response) == (400, "authorization_pending")


async def test_3_5_each_early_poll_makes_the_interval_five_seconds_longer(site):
    client_id = await site.television()
    code = (await site.start(client_id))["device_code"]
    await site.poll(client_id, code)
    site.clock.advance(seconds=1)
    assert error(await site.poll(client_id, code)) == (400, "slow_down")
    site.clock.advance(seconds=9)
    assert error(await site.poll(client_id, code)) == (400, "slow_down")
    site.clock.advance(seconds=15)
    assert error(await site.poll(client_id, code)) == (400, "authorization_pending")
    site.clock.advance(seconds=14)
    assert error(await site.poll(client_id, code)) == (400, "slow_down")


async def test_3_5_a_denied_device_is_told_so(site):
    client_id = await site.television()
    started = await site.start(client_id)
    await site.services.device.deny(started["user_code"], await site.person(), NOWHERE)
    response = await site.poll(client_id, started["device_code"])
    assert error(response) == (400, "access_denied")


async def test_3_5_a_device_that_comes_too_late_is_told_so(site):
    client_id = await site.television()
    started = await site.start(client_id)
    site.clock.advance(seconds=started["expires_in"])
    response = await site.poll(client_id, started["device_code"])
    assert error(response) == (400, "expired_token")


async def test_3_5_an_approved_device_gets_tokens(site):
    client_id = await site.television()
    tokens = await site.signed_in(client_id)
    assert {"access_token", "token_type", "expires_in", "scope", "refresh_token"} == tokens.keys()


async def test_3_5_a_code_bound_to_another_client_is_invalid(site):
    client_id, other = await site.television(), await site.television()
    started = await site.start(client_id)
    response = await site.poll(other, started["device_code"])
    assert error(response) == (400, "invalid_grant")


async def test_5_1_a_device_code_is_good_for_one_sign_in(site):
    client_id = await site.television()
    started = await site.start(client_id)
    await site.services.device.approve(started["user_code"], await site.person(), NOWHERE)
    polls = await asyncio.gather(*(site.poll(client_id, started["device_code"]) for _ in range(20)))
    assert sum(response.status_code == 200 for response in polls) == 1


async def test_6_1_a_user_code_has_no_vowels_and_nothing_alike(site):
    client_id = await site.television()
    for _ in range(20):
        code = (await site.start(client_id))["user_code"]
        assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)


async def test_6_1_a_user_code_may_be_typed_in_any_case_and_without_dashes(site):
    client_id = await site.television()
    code = (await site.start(client_id))["user_code"]
    typed = code.lower().replace("-", "")
    assert await site.services.device.look_up(typed, await site.person(), NOWHERE)
