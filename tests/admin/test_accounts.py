import pytest
from tests.kit.house import PASSWORD
from tests.pages.reading import read
from tests.pages.visitor import ADA, GRACE, recorded, visiting

NEW = {"email": "alan@example.com", "display_name": "Alan", "password": PASSWORD, "role": "user"}


async def test_accounts_are_listed(ada):
    text = read(await ada.get("/admin/accounts")).text
    assert f"{ADA} Ada acc_" in text
    assert GRACE in text


async def test_a_new_account_can_sign_in(auth, ada):
    page = read(await ada.get("/admin/accounts"))
    response = await ada.submit("/admin/accounts", page, **NEW)
    assert "The account was created." in read(await ada.follow(response)).text
    async with visiting(auth) as alan:
        assert (await alan.sign_in("alan@example.com")).status_code == 303
    created = [row for row in await recorded(auth) if row.event_type == "USER_CREATED"][-1]
    assert (created.actor_name, created.resource_name) == (ADA, "alan@example.com")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("email", GRACE, 409), ("password", "short", 400), ("email", "no", 400), ("role", "god", 400)],
)
async def test_a_refused_account_costs_nobody_their_typing(ada, field, value, status):
    page = read(await ada.get("/admin/accounts"))
    response = await ada.submit("/admin/accounts", page, **{**NEW, field: value})
    assert response.status_code == status
    assert 'value="Alan"' in response.text
    assert PASSWORD not in response.text
    assert 'role="alert"' in response.text


async def test_disabling_shuts_out_at_once_and_enabling_lets_in_again(auth, ada, grace):
    account = await auth.services.accounts.by_identifier(GRACE)
    page = read(await ada.get("/admin/accounts"))
    await ada.submit(f"/admin/accounts/{account.id}/disable", page)
    assert (await grace.get("/")).status_code == 303
    assert (await grace.sign_in(GRACE)).status_code == 401
    page = read(await ada.get("/admin/accounts"))
    await ada.submit(f"/admin/accounts/{account.id}/enable", page)
    assert (await grace.sign_in(GRACE)).status_code == 303


async def test_the_last_administrator_stays(auth, ada):
    account = await auth.services.accounts.by_identifier(ADA)
    page = read(await ada.get("/admin/accounts"))
    response = await ada.submit(f"/admin/accounts/{account.id}/disable", page)
    assert response.status_code == 409
    assert "last administrator" in read(response).text


@pytest.mark.parametrize("path", ["", "/acc_1/disable", "/acc_1/enable"])
async def test_nothing_is_changed_by_another_site(ada, path):
    response = await ada.client.post(f"/admin/accounts{path}", data={**NEW, "csrf_token": "x"})
    assert response.status_code == 403


async def test_a_long_list_is_paged(auth, ada, monkeypatch):
    monkeypatch.setattr("gatewatch.admin.accounts.PAGE_SIZE", 1)
    first = read(await ada.get("/admin/accounts"))
    (older,) = [a.attributes["href"] for a in first.all("a") if a.attributes.get("rel") == "next"]
    second = read(await ada.get(f"/admin/accounts{older}"))
    assert {ADA, GRACE} == {each.one("tbody").text.split()[0] for each in (first, second)}
