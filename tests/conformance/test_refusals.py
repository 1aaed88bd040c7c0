"""Every refusal there is, by the face of its route: status, body, and headers."""

import asyncio
from collections.abc import Iterator
from time import sleep
from typing import Any

import httpx
import pytest
from tests.kit.people import DEVICE_CODE, OUR_CLI, Pair, keeper, person
from tests.kit.server import ADMIN_EMAIL, Server

SETTINGS = {
    "device_interval_secs": "1",
    "device_code_expiry_secs": "2",
    "hash_queue": "1",
    "hash_threads": "1",
    "login_max_attempts": "3",
    "metrics": "token",
}
BASIC, BEARER = 'Basic realm="gatewatch", charset="UTF-8"', 'Bearer realm="gatewatch"'
INVALID_TOKEN = f'{BEARER}, error="invalid_token"'
USER, PASSWORD = "user@example.com", "quite another horse battery"

Request = tuple[str, str, dict[str, Any]]


def post(path: str, **given: Any) -> Request:
    return "POST", path, given


def get(path: str, **given: Any) -> Request:
    return "GET", path, given


def token(**form: Any) -> Request:
    return post("/oauth/token", data=form)


CREDENTIALS = "client_credentials"
OAUTH = {
    "nothing is asked for": (token(), "itself", 400, "invalid_request"),
    "no grant is named": (token(scope="read"), "itself", 400, "invalid_request"),
    "JSON is no form": (post("/oauth/token", json={}), "itself", 400, "invalid_request"),
    "it says it twice": (token(scope=["read", "write"]), "itself", 400, "invalid_request"),
    "too large": (token(scope="x" * 70_000), "itself", 413, "invalid_request"),
    "nobody": (token(grant_type=CREDENTIALS), "nobody", 401, "invalid_client"),
    "a stranger": (token(grant_type=CREDENTIALS), "a stranger", 401, "invalid_client"),
    "an impostor": (token(grant_type=CREDENTIALS), "an impostor", 401, "invalid_client"),
    "no such grant": (token(grant_type="password"), "itself", 400, "unsupported_grant_type"),
    "not its grant": (
        token(grant_type="refresh_token", refresh_token="x"),
        *("itself", 400, "unauthorized_client"),
    ),
    "too much scope": (
        token(grant_type=CREDENTIALS, scope="read admin"),
        *("itself", 400, "invalid_scope"),
    ),
    "no refresh token": (
        token(grant_type="refresh_token", refresh_token="x", client_id=OUR_CLI),
        *("nobody", 400, "invalid_grant"),
    ),
    "no device code": (
        token(grant_type=DEVICE_CODE, device_code="x", client_id=OUR_CLI),
        *("nobody", 400, "invalid_grant"),
    ),
    "too much scope for a device": (
        post("/oauth/device/code", data={"client_id": OUR_CLI, "scope": "admin"}),
        *("nobody", 400, "invalid_scope"),
    ),
    "an unknown device": (
        post("/oauth/device/code", data={"client_id": "nobody"}),
        *("nobody", 401, "invalid_client"),
    ),
    "nothing to introspect": (
        post("/oauth/introspect", data={"x": "y"}),
        *("itself", 400, "invalid_request"),
    ),
    "a public client introspects": (
        post("/oauth/introspect", data={"client_id": OUR_CLI, "token": "x"}),
        *("nobody", 401, "invalid_client"),
    ),
    "nothing to revoke": (
        post("/oauth/revoke", data={"x": "y"}),
        *("itself", 400, "invalid_request"),
    ),
    "no token": (get("/oauth/tokeninfo"), "nobody", 401, "missing_token"),
    "a token that is none": (
        get("/oauth/tokeninfo", headers={"authorization": "Bearer x"}),
        *("nobody", 401, "invalid_token"),
    ),
    "a wrong method": (get("/oauth/token"), "nobody", 405, "invalid_request"),
}
"""What is asked, by whom, and what the answer is."""

CHALLENGES = {"invalid_client": BASIC, "invalid_token": INVALID_TOKEN, "missing_token": BEARER}

LOGIN, SESSION = "/v1/auth/login", "/v1/auth/session"
AS_JSON = {"content-type": "application/json"}
STRANGER = {"email": "who@example.com", "password": "x"}
API = {
    "no JSON": (post(LOGIN, content=b"{", headers=AS_JSON), 400, "invalid_input"),
    "a form": (post(LOGIN, data=STRANGER), 400, "invalid_input"),
    "no password": (post(LOGIN, json={"email": "x"}), 400, "invalid_input"),
    "a wrong password": (post(LOGIN, json=STRANGER), 401, "invalid_credentials"),
    "no session": (get(SESSION), 401, "authentication_required"),
    "a token that is none": (
        get(SESSION, headers={"authorization": "Bearer x"}),
        *(401, "authentication_required"),
    ),
    "no refresh token": (post("/v1/auth/refresh"), 401, "authentication_required"),
    "nowhere": (get("/v1/nowhere"), 404, "not_found"),
    "a wrong method": (get(LOGIN), 405, "method_not_allowed"),
    "too large": (post(LOGIN, content=b"x" * 70_000, headers=AS_JSON), 413, "content_too_large"),
}
"""What is asked, and what the answer is."""

TYPES = {
    "authentication_required": "authentication_error",
    "content_too_large": "invalid_request_error",
    "csrf_failed": "permission_error",
    "invalid_credentials": "authentication_error",
    "invalid_input": "invalid_request_error",
    "method_not_allowed": "invalid_request_error",
    "not_found": "not_found_error",
    "rate_limited": "rate_limit_error",
    "temporarily_unavailable": "api_error",
}
"""The type that goes with each code (IdentSphere's guide)."""


@pytest.fixture(scope="module")
def client(standing: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standing.base, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def pair(standing: Server) -> Pair:
    return keeper(standing, scope="read")


@pytest.fixture(scope="module")
def user(standing: Server) -> None:
    """Somebody who may not administer."""
    standing.cli("accounts", "create", "--email", USER, "--password-stdin", stdin=PASSWORD)


def is_private(answer: httpx.Response) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


def is_oauth(answer: httpx.Response, status: int, code: str) -> None:
    """Judge an answer by RFC 6749 section 5.2."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    told = answer.json()
    assert set(told) == {"error", "error_description"}
    assert told["error"] == code
    assert told["error_description"].isascii()
    assert answer.headers.get("www-authenticate") == CHALLENGES.get(code)
    is_private(answer)


def is_envelope(answer: httpx.Response, status: int, code: str) -> None:
    """Judge an answer by IdentSphere's guide."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert set(answer.json()) == {"error"}
    told = answer.json()["error"]
    assert set(told) == {"code", "message", "type"}
    assert (told["code"], told["type"]) == (code, TYPES[code])
    assert answer.headers.get("www-authenticate") == (BEARER if status == 401 else None)
    is_private(answer)


def is_problem(answer: httpx.Response, status: int, code: str, *, says: str = "") -> None:
    """Judge an answer by RFC 9457."""
    kind = "application/problem+json"
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    told = answer.json()
    assert told["type"] == "about:blank"
    assert (told["status"], told["code"]) == (status, code)
    assert told["instance"] == answer.request.url.path
    assert told["request_id"] == answer.headers["x-request-id"]
    assert says in told["detail"]
    assert answer.headers.get("www-authenticate") == (BEARER if status == 401 else None)
    is_private(answer)


@pytest.mark.parametrize("case", OAUTH)
def test_an_oauth_endpoint_refuses(client: httpx.Client, pair: Pair, case: str) -> None:
    (method, path, given), who, status, code = OAUTH[case]
    auth = {"itself": pair, "a stranger": ("nobody", "x"), "an impostor": (pair[0], "x")}.get(who)
    is_oauth(client.request(method, path, auth=auth, **given), status, code)


def test_who_a_client_is_is_refused_in_the_same_words(client: httpx.Client, pair: Pair) -> None:
    form = {"grant_type": "client_credentials"}
    answers = [
        client.post("/oauth/token", data=form, auth=auth)
        for auth in (None, ("nobody", "x"), (pair[0], "wrong"), (OUR_CLI, "x"))
    ]
    assert len({answer.content for answer in answers}) == 1


def test_an_oauth_endpoint_refuses_a_device(standing: Server, client: httpx.Client) -> None:
    with person(standing) as admin:
        forgotten, denied = [
            client.post("/oauth/device/code", data={"client_id": OUR_CLI}).json() for _ in range(2)
        ]
        form = {"user_code": denied["user_code"], "action": "deny"}
        assert admin.post("/device", data=form).status_code == 200
        is_oauth(poll(client, denied), 400, "access_denied")
    is_oauth(poll(client, forgotten), 400, "authorization_pending")
    is_oauth(poll(client, forgotten), 400, "slow_down")
    sleep(2)
    is_oauth(poll(client, forgotten), 400, "expired_token")


def poll(client: httpx.Client, codes: dict[str, str]) -> httpx.Response:
    form = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"], "client_id": OUR_CLI}
    return client.post("/oauth/token", data=form)


@pytest.mark.parametrize("case", API)
def test_the_api_refuses(client: httpx.Client, case: str) -> None:
    (method, path, given), status, code = API[case]
    is_envelope(client.request(method, path, **given), status, code)


def test_the_api_refuses_whoever_is_signed_in_but_did_not_mean_it(standing: Server) -> None:
    with person(standing) as admin:
        answer = admin.delete("/v1/auth/sessions/ses_unknown")
        is_envelope(answer, 404, "not_found")
        del admin.headers["X-CSRF-Token"]
        answer = admin.delete("/v1/auth/sessions")
        is_envelope(answer, 403, "csrf_failed")
        bearer = {"authorization": f"Bearer {admin.cookies['gatewatch_at']}"}
        assert admin.delete("/v1/auth/sessions", headers=bearer).status_code == 204


def test_the_api_slows_guessing_down(client: httpx.Client) -> None:
    credentials = {"email": "guessed@example.com", "password": "wrong"}
    *_, answer = [client.post(LOGIN, json=credentials) for _ in range(4)]
    is_envelope(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 2 * 15 * 60


async def test_the_api_says_when_it_is_too_busy(standing: Server) -> None:
    async with standing.client() as client:
        answers = await asyncio.gather(
            *(
                client.post(LOGIN, json={"email": f"{number}@example.com", "password": "wrong"})
                for number in range(30)
            )
        )
    busy = [answer for answer in answers if answer.status_code != 401]
    assert busy
    for answer in busy:
        is_envelope(answer, 503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("nope=1", "nope"),
        ("event_type=LOGIN", "event_type"),
        ("severity=LOUD", "severity"),
        ("success=perhaps", "success"),
        ("actor_ip=home", "actor_ip"),
        ("resource_type=CAT", "resource_type"),
        ("since=yesterday", "since"),
        ("start_time=today", "start_time"),
        ("start_time=0001-01-01T00:00:00%2B14:00", "start_time"),
        ("end_time=9999-12-31T23:59:59-14:00", "end_time"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("cursor=x", "cursor"),
        ("since=1h&since=2h", "since"),
    ],
)
def test_the_audit_api_names_the_filter(standing: Server, query: str, says: str) -> None:
    with person(standing) as admin:
        answer = admin.get(f"/admin/audit/api?{query}")
    is_problem(answer, 400, "invalid_input", says=says)


@pytest.mark.usefixtures("user")
def test_the_audit_api_is_for_administrators(standing: Server, client: httpx.Client) -> None:
    is_problem(client.get("/admin/audit/api"), 401, "authentication_required")
    with person(standing, USER, PASSWORD) as somebody:
        is_problem(somebody.get("/admin/audit/api"), 403, "forbidden")
        page = somebody.get("/admin/audit")
        assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_the_metrics_are_for_whoever_has_the_token(standing: Server, client: httpx.Client) -> None:
    is_problem(client.get("/metrics"), 401, "authentication_required")
    wrong = {"authorization": "Bearer wrong"}
    is_problem(client.get("/metrics", headers=wrong), 401, "authentication_required")
    right = (standing.data_dir / "metrics_token").read_text().strip()
    assert client.get("/metrics", headers={"authorization": f"Bearer {right}"}).status_code == 200


def test_a_page_refuses(standing: Server, client: httpx.Client) -> None:
    to_sign_in = client.get("/admin/audit?severity=ERROR")
    assert to_sign_in.status_code == 303
    assert to_sign_in.headers["location"] == "/login?redirect=%2Fadmin%2Faudit%3Fseverity%3DERROR"
    html = {"accept": "text/html"}
    with person(standing) as admin:
        del admin.headers["X-CSRF-Token"]
        answers = {
            401: client.post("/device", data={"user_code": "x"}),
            400: admin.get("/admin/audit?severity=LOUD"),
            403: admin.post("/device", data={"user_code": "x", "action": "approve"}),
            404: client.get("/nowhere", headers=html),
            405: client.put("/login"),
            413: client.post("/login", data={"password": "x" * 70_000}),
        }
    for status, answer in answers.items():
        kind = "text/html; charset=utf-8"
        assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        is_private(answer)


def test_what_nobody_has_is_a_problem(client: httpx.Client) -> None:
    is_problem(client.get("/nowhere"), 404, "not_found")
    is_problem(client.post("/health"), 405, "method_not_allowed")
    assert ADMIN_EMAIL not in client.get("/nowhere").text
