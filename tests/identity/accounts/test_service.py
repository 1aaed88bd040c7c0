import pytest
from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE

from gatewatch.catalogue.outcomes import SessionCheck
from gatewatch.identity.accounts.rules import AccountStatus, Role
from gatewatch.identity.sessions.rules import Credential, Via
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId


async def test_an_account_is_found_however_its_names_are_spelled(home):
    ada = await home.move_in("Ada@Example.com", username="Ada", display_name="Ada Lovelace")
    for spelling in ("ada@example.com", " ADA@EXAMPLE.COM ", "ada", "ADA"):
        assert ada == await home.accounts.by_identifier(spelling)
    assert ada == await home.accounts.by_id(ada.id)


@pytest.mark.parametrize("identifier", ["", "nobody", "nobody@example.com", "a\0b", "\ud800", "@"])
async def test_who_is_not_there_is_not_found(home, identifier):
    await home.move_in()
    assert await home.accounts.by_identifier(identifier) is None
    assert await home.accounts.by_id(AccountId(identifier)) is None


async def test_an_account_s_creation_is_recorded_by_whom(home):
    ada = await home.move_in(role=Role.ADMIN)
    (row,) = await home.recorded()
    assert row.action == "users.created"
    assert row.actor_name == "test"
    assert ada.id == row.resource_id
    assert row.metadata["role"] == "admin"


@pytest.mark.parametrize("taken", [{"email": "ADA@example.com"}, {"username": "ADA"}])
async def test_a_name_is_taken_once(home, taken):
    await home.move_in("ada@example.com", username="ada")
    with pytest.raises(Refusal) as refused:
        await home.move_in(**{"email": "other@example.com", **taken})
    assert refused.value.code == "conflict"
    assert await home.actions() == ["users.created"]


async def test_what_cannot_be_kept_is_refused_before_anything_is_written(home):
    for wrong in ({"email": "ada"}, {"username": "a b"}, {"display_name": "\n" * 3 + "\x07"}):
        with pytest.raises(Refusal) as refused:
            await home.accounts.create(**{"email": "ada@example.com", **wrong}, by=OPERATOR)
        assert refused.value.code == "invalid_input"
    assert await home.actions() == []


async def test_accounts_are_paged_from_the_newest_on(home):
    made = []
    for number in range(5):
        made.append(await home.accounts.create(f"{number}@example.com", by=OPERATOR))
        home.clock.advance(seconds=1)
    newest = tuple(reversed(made))
    first = await home.accounts.page(limit=2)
    assert newest[:2] == first
    assert newest[2:] == await home.accounts.page(after=first[-1].id)


async def test_a_disabled_account_is_out_at_once_and_may_come_back(home):
    ada = await home.move_in()
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    credential = Credential(Via.PAGE, opened.page_token)
    disabled = await home.accounts.disable(ada.id, by=OPERATOR, origin=SOMEWHERE)
    assert disabled.status is AccountStatus.DISABLED
    assert SessionCheck.ENDED is await home.sessions.check([credential])
    with pytest.raises(Refusal):
        await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
    enabled = await home.accounts.enable(ada.id, by=OPERATOR)
    assert ada == enabled == await home.accounts.by_id(ada.id)
    assert SessionCheck.ENDED is await home.sessions.check([credential])
    await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
    assert await home.actions() == [
        "users.created",
        "auth.login",
        "auth.session.ended",
        "users.disabled",
        "auth.login.failed",
        "users.enabled",
        "auth.login",
    ]


async def test_what_disabling_took_away_says_who_did_it(home):
    ada = await home.move_in()
    await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
    await home.accounts.disable(ada.id, by=OPERATOR, origin=SOMEWHERE)
    (ended,) = [row for row in await home.recorded() if row.action == "auth.session.ended"]
    assert ended.actor_name == "test"
    assert ended.request_id == "req_test"
    assert ended.metadata["reason"] == "account_disabled"


async def test_doing_it_twice_changes_nothing(home):
    ada = await home.move_in()
    for _ in range(2):
        await home.accounts.disable(ada.id, by=OPERATOR)
    for _ in range(2):
        await home.accounts.enable(ada.id, by=OPERATOR)
    assert await home.actions() == ["users.created", "users.disabled", "users.enabled"]


async def test_the_last_administrator_stays(home):
    ada = await home.move_in("ada@example.com", role=Role.ADMIN)
    bob = await home.move_in("bob@example.com", role=Role.ADMIN)
    await home.move_in("eve@example.com")
    await home.accounts.disable(ada.id, by=OPERATOR)
    with pytest.raises(Refusal) as refused:
        await home.accounts.disable(bob.id, by=OPERATOR)
    assert refused.value.code == "conflict"
    kept = await home.accounts.by_id(bob.id)
    assert kept is not None
    assert kept.is_active


@pytest.mark.parametrize("account_id", ["acc_0", "a\0b", "\ud800"])
async def test_what_is_not_there_is_neither_disabled_nor_enabled(home, account_id):
    for change in (home.accounts.disable, home.accounts.enable):
        with pytest.raises(Refusal) as refused:
            await change(AccountId(account_id), by=OPERATOR)
        assert refused.value.code == "not_found"
