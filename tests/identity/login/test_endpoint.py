import base64
import json

import pytest
from tests.kit.house import PASSWORD, SOMEWHERE

from gatewatch.backends.keys.jwt import Rejection

ADA = {"email": "ada@example.com", "password": PASSWORD}


async def test_signing_in_answers_as_identsphere_does(home, browser):
    ada = await home.move_in()
    opened = browser()
    answer = await opened.post("/v1/auth/login", json=ADA)
    assert answer.status_code == 200
    body = answer.json()
    assert sorted(body) == ["access_token", "capabilities", "expires_in", "status", "user"]
    assert body["status"] == "success"
    assert body["expires_in"] == 900
    assert body["user"]["user_id"] == ada.id
    assert body["capabilities"]["role"] == "user"
    assert body["access_token"] == opened.cookies["gatewatch_at"]
    assert sorted(opened.cookies) == ["gatewatch_at", "gatewatch_csrf", "gatewatch_rt"]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_access_token_says_what_a_program_needs(home, browser):
    ada = await home.move_in()
    token = (await browser().post("/v1/auth/login", json=ADA)).json()["access_token"]
    header, payload, _ = (_decoded(part) for part in token.split("."))
    (session,) = await home.sessions.list(ada.id)
    now = int(home.clock.now().timestamp())
    assert header["typ"] == "session+jwt"
    assert header["alg"] == "ES256"
    assert payload == {
        "iss": home.urls.issuer,
        "sub": ada.id,
        "sid": session.id,
        "email": "ada@example.com",
        "role": "user",
        "aal": "AAL1",
        "auth_method": "password",
        "iat": now,
        "exp": now + 900,
    }


async def test_a_session_s_token_is_no_token_of_another_kind(home):
    await home.move_in()
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    found = await home.jwt.verify(opened.tokens.access_token, typ="at+jwt")
    assert found is Rejection.WRONG_TYPE


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**ADA, "password": "not the right password"}, 401, "invalid_credentials"),
        ({**ADA, "email": "nobody@example.com"}, 401, "invalid_credentials"),
        ({**ADA, "password": ""}, 400, "invalid_input"),
        ({**ADA, "email": ""}, 400, "invalid_input"),
        ({"email": "ada@example.com"}, 400, "invalid_input"),
        ({**ADA, "password": 12}, 400, "invalid_input"),
        ([], 400, "invalid_input"),
    ],
)
async def test_what_is_refused_sets_no_cookie(home, browser, body, status, code):
    await home.move_in()
    answer = await browser().post("/v1/auth/login", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert "set-cookie" not in answer.headers


async def test_fields_we_do_not_know_are_let_pass(home, browser):
    await home.move_in()
    answer = await browser().post("/v1/auth/login", json={**ADA, "remember_me": True})
    assert answer.status_code == 200


async def test_too_many_failures_are_told_when_to_come_back(home, browser):
    await home.move_in()
    for _ in range(10):
        await browser().post("/v1/auth/login", json={**ADA, "password": "wrong"})
    answer = await browser().post("/v1/auth/login", json=ADA)
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "rate_limited"
    assert int(answer.headers["retry-after"]) > 0


def _decoded(part: str) -> dict[str, object]:
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        return json.loads(decoded)
    except ValueError:
        return {}
