import asyncio
from datetime import timedelta

import pytest
from tests.kit.house import NOON, OPERATOR, PASSWORD, SOMEWHERE, neighbour

from gatewatch.catalogue.metrics import SESSION_CHECKS, SESSION_REFRESHES, SESSIONS_ENDED
from gatewatch.catalogue.outcomes import SessionCheck, SessionEnding, SessionRefresh
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import url_token


async def sign_in(home):
    return (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened


def page(opened) -> tuple[Credential, ...]:
    return (Credential(Via.PAGE, opened.page_token),)


def bearer(tokens) -> tuple[Credential, ...]:
    return (Credential(Via.BEARER, tokens.access_token),)


async def refused(home, token) -> SessionRefresh:
    before = {each: home.meter.value(SESSION_REFRESHES, each) for each in SessionRefresh}
    with pytest.raises(Refusal) as refusal:
        await home.sessions.refresh(token, origin=SOMEWHERE)
    assert refusal.value.code == "authentication_required"
    assert refusal.value.public == "Sign in to do that."
    (outcome,) = [
        each
        for each in SessionRefresh
        if home.meter.value(SESSION_REFRESHES, each) == before[each] + 1
    ]
    return outcome


async def test_a_session_knows_where_it_was_opened(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    (session,) = await home.sessions.list(ada.id)
    assert opened.session == session
    assert session.created_at == session.auth_time == NOON
    assert session.expires_at == NOON + timedelta(days=30)
    assert session.ip_address == SOMEWHERE.address
    assert session.user_agent == SOMEWHERE.user_agent


async def test_no_secret_of_a_session_is_in_the_database(home, tmp_path, house_url):
    await home.move_in()
    opened = await sign_in(home)
    if house_url.startswith("sqlite"):
        await home.database.ping(5)
        files = b"".join(path.read_bytes() for path in tmp_path.glob("gatewatch.db*"))
        assert opened.session.id.encode() in files
        assert opened.page_token.partition(".")[2].encode() not in files
        assert opened.tokens.refresh_token.rpartition(".")[2].encode() not in files


async def test_checks_are_counted_by_what_they_found(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    other = await sign_in(home)
    found = await home.sessions.check(page(opened))
    assert isinstance(found, SignedIn)
    assert found.account.id == ada.id
    assert found.session == opened.session
    assert SessionCheck.MISSING is await home.sessions.check([])
    forged = Credential(Via.PAGE, f"{opened.session.id}.{url_token(home.entropy)}")
    assert SessionCheck.MALFORMED is await home.sessions.check([forged])
    refresh_token = Credential(Via.BEARER, opened.tokens.refresh_token)
    assert SessionCheck.MALFORMED is await home.sessions.check([refresh_token])
    await home.sessions.log_out(found, origin=SOMEWHERE)
    assert SessionCheck.ENDED is await home.sessions.check(page(opened))
    assert SessionCheck.ENDED is await home.sessions.check(bearer(opened.tokens))
    home.clock.advance(hours=25)
    assert SessionCheck.EXPIRED is await home.sessions.check(page(other))
    assert SessionCheck.EXPIRED is await home.sessions.check(bearer(other.tokens))
    counted = {each.value: home.meter.value(SESSION_CHECKS, each) for each in SessionCheck}
    assert counted == {
        "valid": 1,
        "missing": 1,
        "malformed": 2,
        "expired": 2,
        "ended": 2,
        "disabled": 0,
    }


async def test_use_keeps_a_session_alive_until_it_is_too_old(home):
    await home.move_in()
    opened = await sign_in(home)
    for _ in range(30):
        home.clock.advance(hours=23, minutes=59)
        assert isinstance(await home.sessions.check(page(opened)), SignedIn)
        await home.sessions.close()
    home.clock.advance(hours=1)
    assert SessionCheck.EXPIRED is await home.sessions.check(page(opened))


async def test_last_activity_is_written_once_a_minute_however_many_ask(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    home.clock.advance(seconds=59)
    await asyncio.gather(*[home.sessions.check(page(opened)) for _ in range(20)])
    await home.sessions.close()
    assert [each.last_active_at for each in await home.sessions.list(ada.id)] == [NOON]
    home.clock.advance(seconds=1)
    await asyncio.gather(*[home.sessions.check(page(opened)) for _ in range(20)])
    await home.sessions.close()
    (session,) = await home.sessions.list(ada.id)
    assert session.last_active_at == NOON + timedelta(minutes=1)


async def test_a_refresh_token_is_good_for_one_refresh(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    home.clock.advance(minutes=10)
    refreshed = await home.sessions.refresh(opened.tokens.refresh_token, origin=SOMEWHERE)
    assert refreshed.tokens.refresh_token != opened.tokens.refresh_token
    assert isinstance(await home.sessions.check(bearer(refreshed.tokens)), SignedIn)
    assert refreshed.tokens.refresh_expires_in == 30 * 24 * 3600 - 600
    row = (await home.recorded())[-1]
    assert row.action == "auth.session.refreshed"
    assert row.actor_id == ada.id


async def test_a_replay_ends_the_session_and_is_critical(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    second = await home.sessions.refresh(opened.tokens.refresh_token, origin=SOMEWHERE)
    third = await home.sessions.refresh(second.tokens.refresh_token, origin=SOMEWHERE)
    assert SessionRefresh.REPLAYED is await refused(home, opened.tokens.refresh_token)
    row = (await home.recorded())[-1]
    assert [row.action, row.severity] == ["auth.session.refresh_replayed", "CRITICAL"]
    assert row.resource_id == opened.session.id
    assert SessionRefresh.ENDED is await refused(home, third.tokens.refresh_token)
    assert SessionCheck.ENDED is await home.sessions.check(bearer(third.tokens))
    assert SessionCheck.ENDED is await home.sessions.check(page(opened))
    assert await home.sessions.list(ada.id) == ()
    assert home.meter.value(SESSIONS_ENDED, SessionEnding.REFRESH_REPLAYED) == 1


async def test_a_guess_does_not_end_a_session(home):
    await home.move_in()
    opened = await sign_in(home)
    guessed = ".".join([opened.session.id, url_token(home.entropy), url_token(home.entropy)])
    assert SessionRefresh.UNKNOWN is await refused(home, guessed)
    assert SessionRefresh.UNKNOWN is await refused(home, "nonsense")
    assert SessionRefresh.MISSING is await refused(home, None)
    await home.sessions.refresh(opened.tokens.refresh_token, origin=SOMEWHERE)


async def test_refreshing_does_not_make_a_session_younger(home):
    await home.move_in()
    token = (await sign_in(home)).tokens.refresh_token
    for _ in range(40):
        home.clock.advance(hours=18)
        if NOON + timedelta(days=30) <= home.clock.now():
            break
        token = (await home.sessions.refresh(token, origin=SOMEWHERE)).tokens.refresh_token
    assert SessionRefresh.EXPIRED is await refused(home, token)


async def test_a_session_unused_for_a_day_is_not_refreshed(home):
    await home.move_in()
    opened = await sign_in(home)
    home.clock.advance(hours=24)
    assert SessionRefresh.EXPIRED is await refused(home, opened.tokens.refresh_token)


async def test_a_token_does_not_outlast_its_session(home, house_url, tmp_path):
    await home.move_in()
    brief = {"session_expiry": "5m", "session_idle_expiry": "5m"}
    async with neighbour(house_url, tmp_path / "2", home.clock, **brief) as other:
        tokens = (await sign_in(other)).tokens
        assert tokens.expires_in == tokens.refresh_expires_in == 300


async def test_what_one_process_ends_ends_in_all(home, house_url, tmp_path):
    await home.move_in()
    opened = await sign_in(home)
    async with neighbour(house_url, tmp_path / "2", home.clock) as other:
        found = await other.sessions.check(bearer(opened.tokens))
        assert isinstance(found, SignedIn)
        await home.sessions.end_everywhere(found, origin=SOMEWHERE)
        assert SessionCheck.ENDED is await other.sessions.check(bearer(opened.tokens))


async def test_a_session_is_ended_once(home):
    ada = await home.move_in()
    opened = await sign_in(home)
    found = await home.sessions.check(page(opened))
    assert isinstance(found, SignedIn)
    await home.sessions.end(opened.session.id, by=found, origin=SOMEWHERE)
    with pytest.raises(Refusal) as refusal:
        await home.sessions.end(opened.session.id, by=found, origin=SOMEWHERE)
    assert refusal.value.code == "not_found"
    await home.sessions.log_out(found, origin=SOMEWHERE)
    assert await home.sessions.end_everywhere(found, origin=SOMEWHERE) == 0
    await home.accounts.disable(ada.id, by=OPERATOR)
    assert await home.actions() == [
        "users.created",
        "auth.login",
        "auth.session.ended",
        "users.disabled",
    ]
