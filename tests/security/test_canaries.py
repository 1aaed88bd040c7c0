"""Secrets that are planted everywhere turn up nowhere."""

import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.kit.people import CHEAP, DEVICE_CODE, OUR_CLI, keeper
from tests.kit.server import ADMIN_EMAIL, PROGRAM, Server, serving
from tests.kit.tables import names, rows
from tests.kit.wire import FORM, JSON, exchange
from tests.kit.workers import workers

PLANTED = {
    "secret key": "canary-secret-key-0123456789-abcdefghijklm",
    "metrics token": "canary-metrics-token-0123456789-abcdefgh",
    "admin's password": "canary-password-of-the-administrator",
    "user's password": "canary-password-of-the-user",
    "wrong password": "canary-password-that-is-wrong",
    "wrong secret": "canary-client-secret-that-is-wrong",
    "token that is none": "canary-token-that-is-none",
    "database password": "canary-password-of-the-database",
}
SETTINGS = {
    **CHEAP,
    "workers": "2",
    "log": "trace",
    "metrics": "token",
    "device_interval_secs": "1",
    "secret_key": PLANTED["secret key"],
    "metrics_token": PLANTED["metrics token"],
    "admin_password": PLANTED["admin's password"],
}
WRONG, NONE = PLANTED["wrong password"], PLANTED["token that is none"]
COMMANDS = ("settings show", "settings show --json", "doctor", "audit tail -n 100 --json")


class Visit:
    """Goes through every flow, and remembers each secret it was given, and each refusal it got."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.secrets = dict(PLANTED)
        self.refusals: list[bytes] = []

    def all(self) -> None:
        """Every flow, well and badly."""
        self.a_person_signs_in()
        self.a_person_uses_the_pages()
        client_id, secret = keeper(self.server, "client_credentials", scope="read")
        self.secrets["client secret"] = secret
        self.a_program_asks(client_id, secret)
        self.a_device_signs_in(client_id, secret)
        self.requests_that_make_no_sense()

    @contextmanager
    def browser(self, **options: Any) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.server.base, timeout=30, **options) as client:
            client.event_hooks["response"] = [self.saw]
            yield client

    def saw(self, answer: httpx.Response) -> None:
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            self.refusals.append(answer.read())

    def a_person_signs_in(self) -> None:
        with self.browser() as client:
            path, email = "/v1/auth/login", ADMIN_EMAIL
            client.post(path, json={"email": email, "password": WRONG})
            client.post(path, json={"email": "who@example.com", "password": WRONG})
            client.post(path, json={"email": email, "password": [WRONG]})
            client.post(path, json={"email": email, WRONG: 1})
            client.post(path, json=[WRONG])
            client.post(path, data={"email": email, "password": WRONG})
            client.post(path, params={"password": WRONG}, json={"email": email})
            right = {"email": email, "password": PLANTED["admin's password"]}
            answer = client.post(path, json=right).json()
            self.secrets["session's token"] = answer["access_token"].rpartition(".")[2]
            self.remember_cookies(client, "before")
            client.get("/v1/auth/session")
            client.post("/v1/auth/refresh")
            self.remember_cookies(client, "after")
            client.get("/v1/auth/session", headers={"authorization": f"Bearer {NONE}"})
            client.delete("/v1/auth/sessions/ses_x")
            client.post("/v1/auth/logout")

    def a_person_uses_the_pages(self) -> None:
        with self.browser() as client:
            form = {"identifier": ADMIN_EMAIL, "csrf_token": self.form_token(client)}
            client.post("/login", data={**form, "password": WRONG})
            client.post("/login", data={**form, "password": WRONG, "csrf_token": NONE})
            client.get("/login", params={"password": WRONG, "redirect": f"/?{WRONG}"})
            client.get("/admin/audit", params={"token": NONE})
            client.post("/login", data={**form, "password": PLANTED["admin's password"]})
            assert "session" in client.cookies
            self.remember_cookies(client, "page's")
            form["csrf_token"] = self.form_token(client, "/admin/accounts")
            account = {"email": "user@example.com", "password": PLANTED["user's password"]}
            client.post("/admin/accounts", data={**form, **account, "role": "user"})
            client.post("/admin/accounts", data={**form, **account, "role": WRONG})

    def a_program_asks(self, client_id: str, secret: str) -> None:
        form = {"grant_type": "client_credentials"}
        with self.browser() as client:
            for wrong in (PLANTED["wrong secret"], secret + "x"):
                client.post("/oauth/token", data=form, auth=(client_id, wrong))
                both = {**form, "client_id": client_id, "client_secret": wrong}
                client.post("/oauth/token", data=both)
                client.post("/oauth/token", data=both, auth=(client_id, secret))
                client.post("/oauth/token", params=both)
            answer = client.post("/oauth/token", data=form, auth=(client_id, secret)).json()
            self.secrets["program's token"] = answer["access_token"].rpartition(".")[2]
            for token in (answer["access_token"], NONE):
                bearer = {"authorization": f"Bearer {token}"}
                client.get("/oauth/tokeninfo", headers=bearer)
                client.get("/oauth/tokeninfo", params={"access_token": token})
                for endpoint in ("/oauth/introspect", "/oauth/revoke"):
                    client.post(endpoint, data={"token": token}, auth=(client_id, secret))
                    client.post(endpoint, data={"token": token, "client_id": "nobody"})
                client.get("/metrics", headers=bearer)

    def a_device_signs_in(self, client_id: str, secret: str) -> None:
        asked = {"client_id": OUR_CLI, "scope": "openid offline_access"}
        with self.browser() as client:
            codes = client.post("/oauth/device/code", data=asked).json()
            self.secrets["device code"] = codes["device_code"].rpartition(".")[2]
            self.secrets["user code"] = codes["user_code"]
            self.secrets["user code, bare"] = codes["user_code"].replace("-", "")
            poll = {"grant_type": DEVICE_CODE, "client_id": OUR_CLI}
            client.post("/oauth/token", data={**poll, "device_code": NONE})
            client.get("/device", params={"user_code": codes["user_code"]})
            right = {"email": ADMIN_EMAIL, "password": PLANTED["admin's password"]}
            client.post("/v1/auth/login", json=right)
            client.headers["X-CSRF-Token"] = client.cookies["gatewatch_csrf"]
            for code in ("WRNG-CODE", codes["user_code"]):
                client.get("/device", params={"user_code": code})
                client.post("/device", data={"user_code": code, "action": "approve"})
            for _ in range(2):  # the second time it is a replay
                got = client.post(
                    "/oauth/token", data={**poll, "device_code": codes["device_code"]}
                ).json()
                if "access_token" in got:
                    self.a_device_refreshes(client, got, (client_id, secret))

    def a_device_refreshes(
        self, client: httpx.Client, tokens: dict[str, str], keeper: tuple[str, str]
    ) -> None:
        self.secrets["device's token"] = tokens["access_token"].rpartition(".")[2]
        self.secrets["device's refresh token"] = tokens["refresh_token"].rpartition(".")[2]
        form = {"grant_type": "refresh_token", "client_id": OUR_CLI}
        client.post("/oauth/introspect", data={"token": tokens["refresh_token"]}, auth=keeper)
        for presented in (tokens["refresh_token"], tokens["refresh_token"], NONE):
            client.post("/oauth/token", data={**form, "refresh_token": presented})

    def requests_that_make_no_sense(self) -> None:
        secret = WRONG.encode()
        basic = b"Basic " + b64encode(b"x:" + secret)
        for method, path, headers, body in (
            (b"POST", b"/v1/auth/login", [JSON], b'{"email":"x","password":"' + secret),
            (b"POST", b"/v1/auth/login", [JSON], b'{"email":"x","password":' + secret + b"}"),
            (b"POST", b"/v1/auth/login", [JSON], b'{"password":"\xff' + secret + b'"}'),
            (b"POST", b"/oauth/token", [FORM], b"client_secret=%FF" + secret),
            (b"POST", b"/oauth/token", [FORM], b"client_secret=%00" + secret),
            (b"POST", b"/oauth/token", [FORM], b"password=" + secret * 9000),
            (b"POST", b"/oauth/token", [FORM, (b"Authorization", basic[:-3])], b"a=b"),
            (b"POST", b"/oauth/token", [FORM, (b"Authorization", b"Basic " + secret)], b"a=b"),
            (b"PUT", b"/oauth/token?client_secret=" + secret, [FORM], b"password=" + secret),
            (b"BREW", b"/?password=" + secret, [(b"Authorization", basic)], secret),
            (b"GET", b"/nowhere?password=" + secret, [(b"Cookie", b"session=" + secret)], b""),
            (b"GET", b"/", [(b"Cookie", b"session=%s; gatewatch_at=%s" % (secret, secret))], b""),
            (b"GET", b"/", [(b"Upgrade", b"websocket"), (b"Authorization", basic)], b""),
        ):
            answer = exchange(self.server, method, path, headers, body)
            if answer.status >= httpx.codes.BAD_REQUEST:
                self.refusals.append(answer.body)

    def form_token(self, client: httpx.Client, path: str = "/login") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
        assert found
        self.secrets[f"form token of {path}"] = found[1]
        return found[1]

    def remember_cookies(self, client: httpx.Client, when: str) -> None:
        for name, value in client.cookies.items():
            self.secrets[f"cookie {name}, {when}"] = value.rpartition(".")[2]


@pytest.mark.parametrize(("engine", "log_format"), [("sqlite", "json"), ("postgres", "text")])
def test_no_secret_turns_up_anywhere(
    engine: str, log_format: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = None
    if engine == "postgres":
        plain = request.getfixturevalue("postgres_url")
        url = plain.replace("@", f":{PLANTED['database password']}@")
    given = {**SETTINGS, "log_format": log_format}
    with serving(tmp_path / "data", database_url=url, **given) as server:
        visit = Visit(server)
        visit.all()
        told = dict(what_it_says(server))
        with_a_fault(server, visit)
        told["log"] = server.printed().encode()
        told["refusals"] = b"\n".join(visit.refusals)
    assert b"Traceback" in told["log"], "there was no fault to speak of"
    assert min(len(secret) for secret in visit.secrets.values()) >= 8
    found = {
        (name, place)
        for name, secret in visit.secrets.items()
        for place, text in told.items()
        if secret.encode() in text or secret.encode().hex().encode() in text
        if not (place == "refusals" and name.startswith("form token"))
    }
    assert found == set()


def what_it_says(server: Server) -> Iterator[tuple[str, bytes]]:
    """Whatever the server, its commands and its files say, by where."""
    for path in sorted(server.data_dir.rglob("*")):
        if path.is_file():
            yield f"file {path.name}", path.read_bytes()
    for table in names(server):
        yield f"table {table}", repr(rows(server, f"SELECT * FROM {table}")).encode()  # noqa: S608
    for words in (
        ("settings", "show"),
        ("audit", "tail", "-n", "100"),
        ("clients", "list"),
        ("doctor",),
    ):
        for form in ((), ("--json",)):
            said = subprocess.run(
                [*PROGRAM, *words, *form],
                env=dict(server.environment),
                cwd=server.data_dir,
                capture_output=True,
                check=False,
            )
            yield " ".join((*words, *form)), said.stdout + said.stderr
    for pid in (server.process.pid, *workers(server).values()):
        yield f"arguments of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes()
    yield from what_it_serves(server)


def what_it_serves(server: Server) -> Iterator[tuple[str, bytes]]:
    """The numbers, and the audit log as pages and as JSON."""
    with httpx.Client(base_url=server.base, timeout=30) as client:
        bearer = {"authorization": f"Bearer {PLANTED['metrics token']}"}
        yield "metrics", client.get("/metrics", headers=bearer).content
        right = {"email": ADMIN_EMAIL, "password": PLANTED["admin's password"]}
        client.post("/v1/auth/login", json=right)
        answer = client.get("/admin/audit/api?page_size=100")
        yield "audit api", answer.content
        yield "audit page", client.get("/admin/audit?page_size=100").content
        for event in answer.json()["logs"]:
            yield f"page of {event['action']}", client.get(f"/admin/audit/{event['id']}").content


def with_a_fault(server: Server, visit: Visit) -> None:
    """Have everything fail that opens a session or issues a token, while secrets are about."""
    rows(server, "ALTER TABLE sessions RENAME TO sessions_gone")
    rows(server, "ALTER TABLE oauth_tokens RENAME TO oauth_tokens_gone")
    with visit.browser() as client:
        right = {"email": ADMIN_EMAIL, "password": PLANTED["admin's password"]}
        assert client.post("/v1/auth/login", json=right).status_code == 500
        client.get("/v1/auth/session", headers={"cookie": f"session=ses_{'0' * 32}.{'A' * 43}"})
        form = {"grant_type": "refresh_token", "client_id": OUR_CLI}
        form["refresh_token"] = f"tok_{'0' * 32}.{NONE}"
        assert client.post("/oauth/token", data=form).status_code == 500
