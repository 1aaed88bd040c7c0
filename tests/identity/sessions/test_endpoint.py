from http.cookies import SimpleCookie

import pytest
from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE

from gatewatch.http.cookies import page_session_name
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.sessions.endpoint import cleared_cookies, page_cookie, token_cookies

ADA = {"email": "ada@example.com", "password": PASSWORD}
UNSIGNED = {"code": "authentication_required", "type": "authentication_error"}


async def sign_in(browser):
    opened = browser()
    answer = await opened.post("/v1/auth/login", json=ADA)
    assert answer.status_code == 200
    opened.headers["x-csrf-token"] = opened.cookies["gatewatch_csrf"]
    return opened


def error(answer) -> dict[str, str]:
    return {name: answer.json()["error"][name] for name in ("code", "type")}


async def test_the_session_shows_who_is_signed_in(home, browser):
    ada = await home.move_in(role=Role.ADMIN)
    opened = await sign_in(browser)
    answer = await opened.get("/v1/auth/session")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    user = answer.json()["user"]
    (session,) = await home.sessions.list(ada.id)
    assert user == {
        "user_id": ada.id,
        "organization_id": None,
        "email": "ada@example.com",
        "is_platform_admin": True,
        "platform_role": "admin",
        "api_key_id": None,
        "api_key_prefix": None,
        "api_key_name": None,
        "team_id": None,
        "project_id": None,
        "auth_method": "password",
        "session_family_id": session.id,
        "mfa_verified_at": None,
        "scopes": [],
        "allowed_ips": [],
        "allowed_referrers": [],
        "extensions": {},
    }
    capabilities = answer.json()["capabilities"]
    assert capabilities["role"] == "admin"
    assert "audit.read" in capabilities["permissions"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Bearer "},
        {"cookie": "gatewatch_at=nonsense; session=nonsense; gatewatch_rt=nonsense"},
        {"cookie": f"session=ses_{'0' * 32}.{'A' * 43}"},
        {"cookie": f"gatewatch_rt=ses_{'0' * 32}.{'A' * 43}.{'A' * 43}"},
    ],
)
async def test_who_is_not_signed_in_is_told_so(browser, headers):
    for method, path in (
        ("GET", "/v1/auth/session"),
        ("GET", "/v1/auth/sessions"),
        ("DELETE", "/v1/auth/sessions"),
        ("DELETE", "/v1/auth/sessions/ses_1"),
        ("POST", "/v1/auth/refresh"),
        ("GET", "/administer"),
    ):
        answer = await browser().request(method, path, headers=headers)
        assert answer.status_code == 401
        assert error(answer) == UNSIGNED
        assert answer.headers["www-authenticate"] == 'Bearer realm="gatewatch"'


async def test_one_session_is_behind_both_doors(home, browser):
    await home.move_in()
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    for headers in (
        {"cookie": f"session={opened.page_token}"},
        {"cookie": f"gatewatch_at={opened.tokens.access_token}"},
        {"authorization": f"Bearer {opened.tokens.access_token}"},
    ):
        answer = await browser().get("/v1/auth/session", headers=headers)
        assert answer.json()["user"]["session_family_id"] == opened.session.id


async def test_a_dead_cookie_does_not_hide_a_living_one(home, browser):
    await home.move_in()
    living = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    ended = await sign_in(browser)
    dead = ended.cookies["gatewatch_at"]
    await ended.post("/v1/auth/logout")
    cookie = f"gatewatch_at={dead}; session={living.page_token}"
    answer = await browser().get("/v1/auth/session", headers={"cookie": cookie})
    assert answer.json()["user"]["session_family_id"] == living.session.id


async def test_a_bearer_token_is_not_replaced_by_a_cookie(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    answer = await opened.get("/v1/auth/session", headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 401


async def test_an_access_token_is_good_for_fifteen_minutes(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    home.clock.advance(seconds=899)
    assert (await opened.get("/v1/auth/session")).status_code == 200
    home.clock.advance(seconds=1)
    assert (await opened.get("/v1/auth/session")).status_code == 401
    assert (await opened.post("/v1/auth/refresh")).status_code == 200
    assert (await opened.get("/v1/auth/session")).status_code == 200


async def test_refreshing_replaces_all_three_cookies(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    before = dict(opened.cookies)
    home.clock.advance(seconds=1)
    answer = await opened.post("/v1/auth/refresh")
    assert answer.json() == {
        "access_token": opened.cookies["gatewatch_at"],
        "expires_in": 900,
    }
    assert before["gatewatch_at"] != opened.cookies["gatewatch_at"]
    assert before["gatewatch_rt"] != opened.cookies["gatewatch_rt"]
    assert before["gatewatch_csrf"] == opened.cookies["gatewatch_csrf"]
    assert len(answer.headers.get_list("set-cookie")) == 3


async def test_a_spent_refresh_token_ends_the_session(home, browser):
    await home.move_in()
    opened, thief = await sign_in(browser), browser()
    stolen = {"cookie": f"gatewatch_rt={opened.cookies['gatewatch_rt']}"}
    await opened.post("/v1/auth/refresh")
    answer = await thief.post("/v1/auth/refresh", headers=stolen)
    assert error(answer) == UNSIGNED
    assert (await opened.get("/v1/auth/session")).status_code == 401
    assert (await opened.post("/v1/auth/refresh")).status_code == 401


async def test_signing_out_ends_the_session_and_clears_the_cookies(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    access_token = opened.cookies["gatewatch_at"]
    answer = await opened.post("/v1/auth/logout")
    assert answer.status_code == 204
    assert list(opened.cookies) == []
    bearer = {"authorization": f"Bearer {access_token}"}
    assert (await browser().get("/v1/auth/session", headers=bearer)).status_code == 401
    assert (await home.actions())[-1] == "auth.logout"


async def test_signing_out_twice_or_never_having_signed_in_is_fine(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    for _ in range(2):
        assert (await opened.post("/v1/auth/logout")).status_code == 204
    for headers in ({}, {"cookie": "gatewatch_rt=nonsense"}, {"authorization": "Bearer x"}):
        assert (await browser().post("/v1/auth/logout", headers=headers)).status_code == 204
    assert (await home.actions()).count("auth.logout") == 1


async def test_the_refresh_token_alone_signs_out_too(home, browser):
    await home.move_in()
    opened = await sign_in(browser)
    refresh_token = opened.cookies["gatewatch_rt"]
    headers = {"cookie": f"gatewatch_rt={refresh_token}"}
    assert (await browser().post("/v1/auth/logout", headers=headers)).status_code == 204
    assert (await opened.get("/v1/auth/session")).status_code == 401


async def test_sessions_are_listed_and_one_is_ended(home, browser):
    await home.move_in()
    one, other = await sign_in(browser), await sign_in(browser)
    lines = (await one.get("/v1/auth/sessions")).json()
    assert sorted(lines[0]) == [
        "created_at",
        "id",
        "ip_address",
        "is_current",
        "last_active_at",
        "user_agent",
    ]
    assert lines[0]["created_at"] == "2026-02-08T12:00:00Z"
    assert [line["is_current"] for line in lines if line["is_current"]] == [True]
    (theirs,) = [line["id"] for line in lines if not line["is_current"]]
    answer = await one.delete(f"/v1/auth/sessions/{theirs}")
    assert answer.status_code == 204
    assert (await other.get("/v1/auth/session")).status_code == 401
    assert (await one.get("/v1/auth/session")).status_code == 200
    assert (await one.delete(f"/v1/auth/sessions/{theirs}")).status_code == 404
    assert (await home.actions())[-1] == "auth.session.ended"


async def test_nobody_ends_another_s_session(home, browser):
    await home.move_in()
    bob = await home.move_in("bob@example.com")
    await home.login.offer("bob@example.com", PASSWORD, origin=SOMEWHERE)
    (theirs,) = await home.sessions.list(bob.id)
    ada = await sign_in(browser)
    for session_id in (theirs.id, "ses_0", "a%00b", "%ED%A0%80"):
        answer = await ada.delete(f"/v1/auth/sessions/{session_id}")
        assert answer.status_code == 404
        assert error(answer) == {"code": "not_found", "type": "not_found_error"}
    assert (theirs,) == await home.sessions.list(bob.id)


async def test_ending_all_sessions_ends_one_s_own_too(home, browser):
    await home.move_in()
    one, other = await sign_in(browser), await sign_in(browser)
    assert (await one.delete("/v1/auth/sessions")).status_code == 204
    assert list(one.cookies) == []
    assert (await other.get("/v1/auth/session")).status_code == 401
    assert (await home.actions()).count("auth.session.ended") == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"x-csrf-token": ""},
        {"x-csrf-token": "nonsense"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
    ],
)
async def test_a_cookie_alone_changes_nothing(home, browser, headers):
    await home.move_in()
    opened = await sign_in(browser)
    for method, path in (
        ("DELETE", "/v1/auth/sessions"),
        ("DELETE", "/v1/auth/sessions/ses_1"),
        ("POST", "/v1/auth/logout"),
    ):
        answer = await opened.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert error(answer) == {"code": "csrf_failed", "type": "permission_error"}
    assert (await opened.get("/v1/auth/session")).status_code == 200
    row = (await home.recorded())[-1]
    assert row.action == "auth.access.denied"
    assert row.metadata["reason"] == "csrf"
    assert row.session_id


async def test_a_bearer_token_needs_no_proof(home, browser):
    await home.move_in()
    access_token = (await sign_in(browser)).cookies["gatewatch_at"]
    bearer = {"authorization": f"Bearer {access_token}"}
    assert (await browser().delete("/v1/auth/sessions", headers=bearer)).status_code == 204


async def test_another_session_s_csrf_token_proves_nothing(home, browser):
    await home.move_in()
    one, other = await sign_in(browser), await sign_in(browser)
    headers = {"x-csrf-token": other.headers["x-csrf-token"]}
    assert (await one.delete("/v1/auth/sessions", headers=headers)).status_code == 403


async def test_who_has_not_the_role_is_turned_away_and_noted(home, browser):
    ada = await home.move_in()
    opened = await sign_in(browser)
    assert (await opened.get("/administer")).status_code == 403
    row = (await home.recorded())[-1]
    assert [row.action, row.actor_id] == ["auth.access.denied", ada.id]
    assert row.metadata["reason"] == "role"


async def test_a_role_is_asked_for_at_each_request(home, browser):
    await home.move_in(role=Role.ADMIN)
    opened = await sign_in(browser)
    assert (await opened.get("/administer")).json() == {"email": "ada@example.com"}


async def test_a_disabled_account_s_tokens_stop_at_once(home, browser):
    ada = await home.move_in()
    opened = await sign_in(browser)
    await home.accounts.disable(ada.id, by=OPERATOR)
    assert (await opened.get("/v1/auth/session")).status_code == 401
    assert (await opened.post("/v1/auth/refresh")).status_code == 401


def parsed(headers) -> SimpleCookie:
    found: SimpleCookie = SimpleCookie()
    for _, value in headers:
        found.load(value.decode())
    return found


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://example.com/auth"])
async def test_cookies_are_as_strict_as_their_use_allows(home, issuer):
    urls = Urls(issuer)
    await home.move_in()
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    cookies = parsed(
        (
            page_cookie(opened, urls),
            *token_cookies(opened.session.id, opened.tokens, home.csrf, urls),
        )
    )
    assert {"Lax"} == {each["samesite"] for each in cookies.values()}
    assert all(each["secure"] for each in cookies.values())
    assert {"gatewatch_csrf"} == {name for name, each in cookies.items() if not each["httponly"]}
    assert cookies["gatewatch_rt"]["path"] == f"{urls.root_path}/v1/auth"
    assert page_session_name(urls) == "__Host-session"
    assert cookies["__Host-session"]["path"] == "/"
    assert cookies["gatewatch_at"]["max-age"] == "900"
    assert cookies["gatewatch_rt"]["max-age"] == "2592000"
    cleared = parsed(cleared_cookies(urls))
    assert {(name, each["path"]) for name, each in cookies.items()} == {
        (name, each["path"]) for name, each in cleared.items()
    }
    assert {"0"} == {each["max-age"] for each in cleared.values()}
