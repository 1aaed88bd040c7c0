"""The last administrator stays, and a name is taken once, however many ask at once."""

import asyncio

from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE, neighbour

from gatewatch.identity.accounts.rules import Account, Role
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.errors import Refusal

MANY = 20


async def test_of_administrators_who_disable_each_other_one_stays(home, house_url, tmp_path):
    admins = [
        await home.move_in(f"{number}@example.com", role=Role.ADMIN) for number in range(MANY)
    ]
    async with neighbour(house_url, tmp_path / "2", home.clock) as other:
        answers = await asyncio.gather(
            *[
                (home, other)[number % 2].accounts.disable(admin.id, by=OPERATOR)
                for number, admin in enumerate(admins)
            ],
            return_exceptions=True,
        )
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refusals] == ["conflict"]
    left = [account for account in await home.accounts.page() if account.is_active]
    assert len(left) == 1
    assert (await home.actions()).count("users.disabled") == MANY - 1


async def test_an_account_that_twenty_disable_is_disabled_once(home):
    ada = await home.move_in()
    await asyncio.gather(*[home.accounts.disable(ada.id, by=OPERATOR) for _ in range(MANY)])
    assert await home.actions() == ["users.created", "users.disabled"]


async def test_of_twenty_with_one_name_one_is_created(home):
    answers = await asyncio.gather(
        *[home.move_in(f"ada@example.com{' ' * number}") for number in range(MANY)],
        return_exceptions=True,
    )
    assert len([answer for answer in answers if isinstance(answer, Account)]) == 1
    assert all(answer.code == "conflict" for answer in answers if not isinstance(answer, Account))
    assert await home.actions() == ["users.created"]


async def test_no_session_outlives_the_account_it_raced_with(home):
    ada = await home.move_in()
    offers = [home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE) for _ in range(MANY)]
    *answers, _ = await asyncio.gather(
        *offers[:10],
        *offers[10:],
        home.accounts.disable(ada.id, by=OPERATOR),
        return_exceptions=True,
    )
    await home.accounts.enable(ada.id, by=OPERATOR)
    for answer in answers:
        if isinstance(answer, Refusal):
            assert answer.code in {"invalid_credentials", "rate_limited"}
        else:
            page = Credential(Via.PAGE, answer.opened.page_token)
            assert not isinstance(await home.sessions.check([page]), SignedIn)
    assert await home.sessions.list(ada.id) == ()
