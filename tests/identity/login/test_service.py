import asyncio

import pytest
from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE

from gatewatch.catalogue.metrics import LOGINS
from gatewatch.catalogue.outcomes import LoginMethod, LoginOutcome
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.errors import Refusal, Unavailable

WRONG = "not the right password"


async def refusal(home, identifier="ada@example.com", password=WRONG, origin=SOMEWHERE) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await home.login.offer(identifier, password, origin=origin)
    return refused.value


async def test_the_right_password_opens_a_session(home):
    ada = await home.move_in(username="ada")
    for identifier in ("ada@example.com", "ADA@example.com ", "ada"):
        admitted = await home.login.offer(identifier, PASSWORD, origin=SOMEWHERE)
        assert ada == admitted.account
        found = await home.sessions.check([Credential(Via.PAGE, admitted.opened.page_token)])
        assert isinstance(found, SignedIn)
        assert ada.id == found.account.id


async def test_a_sign_in_is_recorded_with_its_session(home):
    ada = await home.move_in()
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    row = (await home.recorded())[-1]
    assert row.event_type == "AUTHENTICATION_SUCCESS"
    assert [ada.id, opened.session.id] == [row.actor_id, row.session_id]
    assert SOMEWHERE.address == row.ip_address
    assert home.meter.value(LOGINS, LoginMethod.PASSWORD, LoginOutcome.ADMITTED) == 1


async def test_every_refusal_reads_the_same_and_is_recorded_as_what_it_was(home):
    await home.move_in()
    await home.accounts.create("bob@example.com", by=OPERATOR)
    eve = await home.move_in("eve@example.com")
    await home.accounts.disable(eve.id, by=OPERATOR)
    refusals = [
        await refusal(home, "ada@example.com"),
        await refusal(home, "nobody@example.com"),
        await refusal(home, "bob@example.com"),
        await refusal(home, "eve@example.com", PASSWORD),
        await refusal(home, "ada@example.com", "x" * 5000),
        await refusal(home, "a\0b", "\ud800"),
    ]
    told = {(refused.code, refused.public) for refused in refusals}
    assert {("invalid_credentials", "The email or the password is wrong.")} == told
    outcomes = [
        row.metadata["outcome"]
        for row in await home.recorded()
        if row.action == "auth.login.failed"
    ]
    assert outcomes == [
        "wrong_password",
        "unknown_account",
        "no_password",
        "disabled",
        "wrong_password",
        "unknown_account",
    ]


async def test_what_was_typed_as_a_password_is_nowhere_in_the_log(home):
    await home.move_in()
    await refusal(home, password="canary-of-a-password")
    assert "canary" not in repr(await home.recorded())


@pytest.mark.parametrize("identifier", ["ada@example.com", "nobody@example.com"])
async def test_known_and_unknown_accounts_are_throttled_alike(home, identifier):
    await home.move_in()
    codes = [(await refusal(home, identifier)).code for _ in range(12)]
    assert codes == ["invalid_credentials"] * 10 + ["rate_limited"] * 2


async def test_a_throttled_account_refuses_even_the_right_password(home):
    await home.move_in()
    for _ in range(10):
        await refusal(home)
    refused = await refusal(home, password=PASSWORD)
    assert isinstance(refused, Unavailable)
    home.clock.advance(seconds=refused.retry_after)
    await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)


async def test_an_account_s_two_names_are_counted_together(home):
    await home.move_in(username="ada")
    for identifier in ("ada", "ada@example.com") * 5:
        await refusal(home, identifier)
    assert (await refusal(home, "ada")).code == "rate_limited"


async def test_success_forgives_the_account_and_not_the_address(home):
    await home.move_in()
    for number in range(11):
        for _ in range(9):
            await refusal(home)
        if number < 10:
            await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
    assert (await refusal(home)).code == "invalid_credentials"
    assert (await refusal(home, "someone@example.com")).code == "rate_limited"


async def test_one_subscriber_s_addresses_are_counted_together(home):
    await home.move_in()
    for number in range(100):
        origin = Origin(address=f"2001:db8::{number:x}")
        await refusal(home, f"user{number}@example.com", origin=origin)
    neighbour = Origin(address="2001:db8::ffff")
    stranger = Origin(address="2001:db8:0:1::1")
    assert (await refusal(home, origin=neighbour)).code == "rate_limited"
    assert (await refusal(home, origin=stranger)).code == "invalid_credentials"


async def test_a_burst_of_guesses_learns_no_more_than_guesses_one_by_one(home):
    await home.move_in()
    guesses = [WRONG] * 40 + [PASSWORD]
    answers = await asyncio.gather(
        *[home.login.offer("ada@example.com", guess, origin=SOMEWHERE) for guess in guesses],
        return_exceptions=True,
    )
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes.count("invalid_credentials") <= 10
    assert len(codes) == len(guesses)


async def test_many_may_sign_in_to_one_account_at_once(home):
    await home.move_in()
    admitted = await asyncio.gather(
        *[home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE) for _ in range(20)]
    )
    assert len({each.opened.session.id for each in admitted}) == 20
    assert home.meter.value(LOGINS, LoginMethod.PASSWORD, LoginOutcome.ADMITTED) == 20


async def test_too_many_at_once_are_told_to_wait_and_nothing_is_counted(home):
    await home.move_in()
    answers = await asyncio.gather(
        *[home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE) for _ in range(80)],
        return_exceptions=True,
    )
    turned_away = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert turned_away
    assert {"temporarily_unavailable"} == {each.code for each in turned_away}
    await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
