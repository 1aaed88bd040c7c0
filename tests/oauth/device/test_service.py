import pytest
from tests.kit.house import OPERATOR, SOMEWHERE
from tests.kit.office import refusal_of

from gatewatch.catalogue.metrics import (
    DEVICE_CODES,
    DEVICE_DECISIONS,
    DEVICE_POLLS,
    SUSPICIOUS,
    USER_CODES,
)
from gatewatch.catalogue.outcomes import (
    DeviceDecision,
    DevicePoll,
    GrantType,
    UserCodeLookup,
)
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.errors import Refusal, Unavailable
from gatewatch.oauth.clients.rules import ClientType
from gatewatch.oauth.device.rules import SLOWER_BY

ELSEWHERE = Origin(address="203.0.113.9", user_agent="tv/1.0", request_id="req_tv")


@pytest.fixture
async def ada(office):
    return await office.person()


@pytest.fixture
async def television(office):
    return await office.television()


async def poll(office, started, client):
    return await refusal_of(office.device.redeem(started.device_code, client, ELSEWHERE))


async def test_a_device_starts_with_two_codes_neither_of_which_is_kept(office, television):
    started = await office.device.start(television, None, ELSEWHERE)
    assert (started.expires_in, started.interval) == (1800, 5)
    event = (await office.house.recorded())[-1]
    assert event.action == "oauth.device.code_generated"
    assert event.metadata["scope"] == "read write offline_access"
    for secret in (started.device_code, started.user_code, started.user_code.replace("-", "")):
        assert secret not in repr(event)
    assert office.house.meter.value(DEVICE_CODES) == 1


@pytest.mark.parametrize("scope", ["admin", "read admin", '"'])
async def test_a_device_asks_for_no_more_than_its_client_may_have(office, television, scope):
    assert await refusal_of(office.device.start(television, scope, ELSEWHERE)) == "invalid_scope"


async def test_a_client_without_the_grant_starts_no_device(office):
    client = await office.program(grant_types=(GrantType.CLIENT_CREDENTIALS,))
    assert await refusal_of(office.device.start(client, None, ELSEWHERE)) == "unauthorized_client"
    assert await refusal_of(office.device.redeem("x", client, ELSEWHERE)) == "unauthorized_client"


async def test_a_device_waits_until_its_person_decides(office, television, ada):
    started = await office.device.start(television, "read", ELSEWHERE)
    assert await poll(office, started, television) == "authorization_pending"
    office.house.clock.advance(seconds=5)
    assert await poll(office, started, television) == "authorization_pending"

    await office.device.approve(started.user_code, ada, SOMEWHERE)
    office.house.clock.advance(seconds=5)
    issued = await office.device.redeem(started.device_code, television, ELSEWHERE)

    assert issued.scope == ("read",)
    assert office.house.meter.value(DEVICE_POLLS, DevicePoll.PENDING) == 2
    assert office.house.meter.value(DEVICE_POLLS, DevicePoll.GRANTED) == 1
    assert office.house.meter.value(DEVICE_DECISIONS, DeviceDecision.AUTHORIZED) == 1


async def test_polling_too_soon_makes_the_interval_longer_each_time(office, television):
    started = await office.device.start(television, None, ELSEWHERE)
    assert await poll(office, started, television) == "authorization_pending"
    office.house.clock.advance(seconds=4)
    assert await poll(office, started, television) == "slow_down"
    office.house.clock.advance(seconds=5)
    assert await poll(office, started, television) == "slow_down"
    office.house.clock.advance(seconds=5 + 2 * SLOWER_BY)
    assert await poll(office, started, television) == "authorization_pending"


async def test_a_poll_that_waits_writes_nothing(office, television):
    started = await office.device.start(television, None, ELSEWHERE)
    before = await office.house.recorded()
    for _ in range(3):
        await poll(office, started, television)
    assert before == await office.house.recorded()


async def test_a_denied_device_is_told_so_at_once(office, television, ada):
    started = await office.device.start(television, None, ELSEWHERE)
    await poll(office, started, television)
    await office.device.deny(started.user_code, ada, SOMEWHERE)
    assert await poll(office, started, television) == "access_denied"
    assert office.house.meter.value(DEVICE_DECISIONS, DeviceDecision.DENIED) == 1
    event = (await office.house.recorded())[-1]
    assert ("oauth.device.code_denied", ada.account.id) == (event.action, event.actor_id)


async def test_a_code_ends_on_time(office, television, ada):
    started = await office.device.start(television, None, ELSEWHERE)
    approved = await office.approved(television, ada)
    office.house.clock.advance(seconds=1800)
    assert await poll(office, started, television) == "expired_token"
    assert await poll(office, approved, television) == "expired_token"
    assert await refusal_of(office.device.look_up(started.user_code, ada, SOMEWHERE)) == "not_found"


@pytest.mark.parametrize("spoil", [lambda code: code + "x", lambda _: "dvc_1.x", lambda _: "\0.\0"])
async def test_an_unknown_device_code_is_an_invalid_grant(office, television, spoil):
    started = await office.device.start(television, None, ELSEWHERE)
    spoilt = spoil(started.device_code)
    assert await refusal_of(office.device.redeem(spoilt, television, ELSEWHERE)) == "invalid_grant"


async def test_a_device_code_is_of_no_use_to_another_client(office, television, ada):
    started = await office.approved(television, ada)
    assert await poll(office, started, await office.television()) == "invalid_grant"
    assert await office.device.redeem(started.device_code, television, ELSEWHERE)


async def test_a_code_that_comes_back_revokes_what_it_issued(office, television, ada):
    asker = await office.program(name="Asker")
    started = await office.approved(television, ada)
    issued = await office.device.redeem(started.device_code, television, ELSEWHERE)

    for _ in range(3):
        assert await poll(office, started, television) == "invalid_grant"

    assert await office.tokens.introspect(issued.access_token, asker) is None
    assert (
        await refusal_of(office.tokens.refresh(issued.refresh_token, None, television, SOMEWHERE))
        == "invalid_grant"
    )
    assert (await office.house.actions()).count("oauth.device.code_replayed") == 1
    assert office.house.meter.value(DEVICE_POLLS, DevicePoll.REPLAYED) == 3
    assert office.house.meter.value(SUSPICIOUS) == 1


async def test_a_person_sees_who_asks_for_what_and_from_where(office, television, ada):
    started = await office.device.start(television, "read", ELSEWHERE)
    typed = started.user_code.lower().replace("-", " ")
    asked = await office.device.look_up(typed, ada, SOMEWHERE)
    assert (asked.client_name, asked.scope) == ("Television", ("read",))
    assert (ELSEWHERE.address, ELSEWHERE.user_agent) == (asked.address, asked.user_agent)
    assert office.house.clock.now() == asked.asked_at


async def test_every_code_that_leads_nowhere_is_refused_in_the_same_words(office, television, ada):
    over = await office.device.start(television, None, ELSEWHERE)
    office.house.clock.advance(seconds=1800)
    used = await office.approved(television, ada)
    shut = await office.device.start(await office.television(), None, ELSEWHERE)
    waiting = await office.device.look_up(shut.user_code, ada, SOMEWHERE)
    await office.clients.disable(waiting.client_id, by=OPERATOR)

    told = set()
    for typed in ("", "BBBB-BBBB", "no code", over.user_code, used.user_code, shut.user_code):
        with pytest.raises(Refusal) as caught:
            await office.device.look_up(typed, ada, SOMEWHERE)
        told.add((caught.value.code, caught.value.public))
    assert len(told) == 1
    for outcome, times in {"unknown": 4, "expired": 1, "already_used": 1}.items():
        assert times == office.house.meter.value(USER_CODES, outcome)
    refused = [row for row in await office.house.recorded() if row.action.endswith("code_refused")]
    assert len(refused) == 6
    assert {ada.account.id} == {row.actor_id for row in refused}


async def test_guessing_codes_is_stopped_and_the_right_one_too(office, television, ada):
    started = await office.device.start(television, None, ELSEWHERE)
    limit = office.house.settings.login.max_attempts
    for _ in range(limit):
        await refusal_of(office.device.approve("BBBB-BBBB", ada, SOMEWHERE))

    for attempt in (office.device.look_up, office.device.approve, office.device.deny):
        with pytest.raises(Unavailable) as caught:
            await attempt(started.user_code, ada, SOMEWHERE)
        assert caught.value.code == "rate_limited"
    assert office.house.meter.value(USER_CODES, UserCodeLookup.THROTTLED) == 3
    assert limit == (await office.house.actions()).count("oauth.device.user_code_refused")
    bob = await office.person("bob@example.com")
    with pytest.raises(Unavailable):
        await office.device.look_up(started.user_code, bob, SOMEWHERE)
    assert await office.device.look_up(started.user_code, bob, ELSEWHERE)


async def test_a_device_is_decided_once(office, television, ada):
    started = await office.approved(television, ada)
    for decide in (office.device.approve, office.device.deny):
        assert await refusal_of(decide(started.user_code, ada, SOMEWHERE)) == "not_found"
    assert await office.device.redeem(started.device_code, television, ELSEWHERE)


async def test_a_device_gets_nothing_from_an_account_disabled_meanwhile(office, television, ada):
    started = await office.approved(television, ada)
    await office.house.accounts.disable(ada.account.id, by=OPERATOR)
    assert await poll(office, started, television) == "access_denied"


async def test_a_confidential_client_may_be_a_device_too(office, ada):
    client = await office.program(type=ClientType.CONFIDENTIAL)
    assert (await office.signed_in(client, ada)).access_token


async def test_the_trail_of_a_sign_in_tells_who_did_what(office, television, ada):
    started = await office.device.start(television, None, ELSEWHERE)
    await office.device.approve(started.user_code, ada, SOMEWHERE)
    await office.device.redeem(started.device_code, television, ELSEWHERE)

    trail = [row for row in await office.house.recorded() if row.action.startswith("oauth.")]
    assert [
        ("oauth.device.code_generated", television.id, ELSEWHERE.address),
        ("oauth.device.code_authorized", ada.account.id, SOMEWHERE.address),
        ("oauth.token.access_issued", television.id, ELSEWHERE.address),
        ("oauth.token.refresh_issued", television.id, ELSEWHERE.address),
    ] == [(row.action, row.actor_id, row.ip_address) for row in trail]
    assert ada.session.id == trail[1].session_id
