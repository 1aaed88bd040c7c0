"""A refresh token is spent once, however many ask at once."""

import asyncio

from tests.kit.house import PASSWORD, SOMEWHERE, House, neighbour

from gatewatch.catalogue.metrics import SESSION_REFRESHES
from gatewatch.catalogue.outcomes import SessionCheck, SessionRefresh
from gatewatch.identity.sessions.rules import Credential, Refreshed, Via
from gatewatch.kernel.errors import Refusal

MANY = 20


async def sign_in(home: House):
    await home.move_in()
    return (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened


async def refresh_at_once(token: str, *houses: House) -> list[Refreshed]:
    answers = await asyncio.gather(
        *[
            houses[number % len(houses)].sessions.refresh(token, origin=SOMEWHERE)
            for number in range(MANY)
        ],
        return_exceptions=True,
    )
    assert all(isinstance(answer, Refreshed | Refusal) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Refreshed)]


async def test_one_of_twenty_wins_and_the_session_is_ended(home):
    opened = await sign_in(home)
    winners = await refresh_at_once(opened.tokens.refresh_token, home)
    assert len(winners) == 1
    page = Credential(Via.PAGE, opened.page_token)
    assert SessionCheck.ENDED is await home.sessions.check([page])
    actions = await home.actions()
    assert actions.count("auth.session.refreshed") == 1
    assert actions.count("auth.session.refresh_replayed") == 1
    assert home.meter.value(SESSION_REFRESHES, SessionRefresh.REFRESHED) == 1


async def test_one_of_twenty_wins_in_two_processes_too(home, house_url, tmp_path):
    opened = await sign_in(home)
    async with neighbour(house_url, tmp_path / "2", home.clock) as other:
        winners = await refresh_at_once(opened.tokens.refresh_token, home, other)
        assert len(winners) == 1
        actions = await home.actions()
    assert actions.count("auth.session.refreshed") == 1
    assert actions.count("auth.session.refresh_replayed") == 1


async def test_a_session_that_twenty_end_is_ended_once(home):
    opened = await sign_in(home)
    found = await home.sessions.check([Credential(Via.PAGE, opened.page_token)])
    await asyncio.gather(
        *[home.sessions.log_out(found, origin=SOMEWHERE) for _ in range(MANY)],
        *[home.sessions.end_everywhere(found, origin=SOMEWHERE) for _ in range(MANY)],
    )
    ends = [action for action in await home.actions() if action != "users.created"]
    assert len(ends) == 2  # the sign-in, and one end
