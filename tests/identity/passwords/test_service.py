import asyncio
from dataclasses import replace

import pytest
from tests.kit.house import OPERATOR, PASSWORD, neighbour

from gatewatch.identity.passwords.rules import PasswordCheck
from gatewatch.kernel.errors import Refusal


async def test_the_right_password_matches(home):
    ada = await home.move_in()
    assert PasswordCheck.MATCHED is await home.passwords.verify(ada.id, PASSWORD)
    assert PasswordCheck.MISMATCHED is await home.passwords.verify(ada.id, "another password")
    assert PasswordCheck.MISMATCHED is await home.passwords.verify(ada.id, "x" * 257)


async def test_nobody_has_a_password(home):
    passwordless = await home.accounts.create("bob@example.com", by=OPERATOR)
    assert PasswordCheck.ABSENT is await home.passwords.verify(None, PASSWORD)
    assert PasswordCheck.ABSENT is await home.passwords.verify(passwordless.id, PASSWORD)


@pytest.mark.parametrize("password", [PASSWORD, "x" * 257])
async def test_for_nobody_as_much_is_looked_up(home, password):
    ada = await home.move_in()
    watched = Watched(home.database)
    passwords = replace(home.passwords, database=watched)
    for account_id in (ada.id, None):
        await passwords.verify(account_id, password)
    assert len(set(watched.looked_up)) == 1
    assert len(watched.looked_up) == 2


class Watched:
    """A database that remembers what was looked up."""

    def __init__(self, database):
        self.look = self
        self.looked_up = []
        self._database = database

    async def find(self, lookup, key):
        self.looked_up.append(lookup)
        return await self._database.look.find(lookup, key)


@pytest.mark.parametrize("password", ["short", "x" * 257, "twelve chars\0"])
async def test_a_password_that_does_not_do_makes_no_account(home, password):
    with pytest.raises(Refusal) as refused:
        await home.passwords.register("ada@example.com", password, by=OPERATOR)
    assert refused.value.code == "invalid_input"
    assert password not in str(refused.value)
    assert await home.accounts.by_identifier("ada@example.com") is None


async def test_a_new_password_takes_the_place_of_the_old(home):
    ada = await home.move_in()
    encoded = await home.passwords.encode("a newer password of mine")
    async with home.database.work() as work:
        await home.passwords.set(work, ada.id, encoded)
    assert PasswordCheck.MISMATCHED is await home.passwords.verify(ada.id, PASSWORD)
    assert PasswordCheck.MATCHED is await home.passwords.verify(ada.id, "a newer password of mine")


async def test_a_hash_of_another_cost_is_renewed_once(home, house_url, tmp_path):
    ada = await home.move_in()
    dearer = neighbour(house_url, tmp_path / "2", home.clock, argon2_iterations="2")
    async with dearer as other:
        checks = await asyncio.gather(*[other.passwords.verify(ada.id, PASSWORD) for _ in range(4)])
        assert checks == [PasswordCheck.MATCHED] * 4
        assert PasswordCheck.MATCHED is await other.passwords.verify(ada.id, PASSWORD)
        assert sorted(await other.actions()) == ["users.created", "users.password_rehashed"]
