import pytest
from tests.pages.reading import read
from tests.pages.visitor import ADA, recorded, visiting


async def test_home_says_who_one_is_and_where_one_is_signed_in(ada):
    text = read(await ada.get("/")).text
    assert ADA in text
    assert "curl/8.5.0 this browser 198.51.100.7" in text


async def test_an_administrator_sees_the_way_to_administration_and_a_user_does_not(ada, grace):
    assert "/admin/audit" in (await ada.get("/")).text
    assert "/admin" not in (await grace.get("/")).text


async def test_ending_a_session_signs_that_browser_out(auth, ada):
    async with visiting(auth, "2001:db8::1") as phone:
        await phone.sign_in(ADA)
        home = read(await ada.get("/"))
        (action,) = _endings(home)
        response = await ada.submit(action, home)
        assert "That session has ended." in read(await ada.follow(response)).text
        assert (await phone.get("/")).status_code == 303
    assert (await ada.get("/")).status_code == 200


async def test_ending_all_others_leaves_this_browser_signed_in(auth, ada):
    async with visiting(auth) as one, visiting(auth) as two:
        await one.sign_in(ADA)
        await two.sign_in(ADA)
        home = read(await ada.get("/"))
        response = await ada.submit("/sessions/end-others", home)
        assert "All other sessions have ended." in read(await ada.follow(response)).text
        assert [(await each.get("/")).status_code for each in (one, two)] == [303, 303]
    ended = [row for row in await recorded(auth) if row.action == "auth.session.ended"]
    assert len(ended) == 2


async def test_nobody_ends_someone_elses_session(ada, grace):
    theirs = (await grace.auth.services.sessions.list(_account_id(await grace.get("/"))))[0]
    token = read(await ada.get("/")).form("/logout")
    response = await ada.client.post(f"/sessions/{theirs.id}/end", data=token)
    assert response.status_code == 404
    assert (await grace.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/sessions/ses_1/end", "/sessions/end-others"])
async def test_no_session_is_ended_by_another_site(ada, path):
    response = await ada.client.post(path, data={"csrf_token": "guess"})
    assert response.status_code == 403
    assert "auth.access.denied" in {row.action for row in await recorded(ada.auth)}


async def test_a_notice_that_was_made_up_is_not_shown(ada):
    assert "Send money" not in (await ada.get("/?done=Send+money")).text


def _endings(home):
    actions = [form.attributes["action"] for form in home.all("form")]
    return [action for action in actions if action.endswith("/end")]


def _account_id(response):
    return next(word for word in read(response).text.split() if word.startswith("acc_"))
