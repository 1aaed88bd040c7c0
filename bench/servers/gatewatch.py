"""gatewatch itself, as `gatewatch serve` starts it, on SQLite or PostgreSQL."""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.kit.ports import free_port
from tests.kit.postgres import PostgresServer

from bench.servers.person import Person
from bench.servers.running import MakeLoad, Server, proved, running
from bench.wrk import TOKEN, Load, fire

PROGRAM = Path(sys.executable).with_name("gatewatch")
EMAIL = "admin@localhost"
TELEVISION = "gatewatch-cli"  # the public client that every server has built in
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

SESSIONS = 32
TOKENS = 100
CONNECTIONS = 64  # of wrk while it starts device codes
INTERVAL = 1  # seconds that a device waits between two polls: the least that can be set
CODES = 30_000  # so many that a code's turn comes after its interval, up to 30,000 polls a second


@dataclass(frozen=True, slots=True)
class Setup:
    """How it is run."""

    engine: str
    workers: int
    settings: Mapping[str, str]  # what differs from the defaults
    codes: int = CODES


@contextlib.contextmanager
def gatewatch(setup: Setup) -> Iterator[Server]:
    """Run it on a fresh database."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gw-bench-data-")))
        database_url, database = f"sqlite:///{folder}/gatewatch.db", None
        if setup.engine == "postgres":
            postgres = stack.enter_context(PostgresServer.running())
            database_url = stack.enter_context(postgres.database())
            pid_file = postgres.home / "data" / "postmaster.pid"
            database = int(pid_file.read_text().split("\n", 1)[0])
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        password = secrets.token_urlsafe(18)
        env = {
            "PATH": os.environ["PATH"],
            "GATEWATCH_DATA_DIR": str(folder),
            "GATEWATCH_DATABASE_URL": database_url,
            "GATEWATCH_PORT": str(port),
            "GATEWATCH_ISSUER": url,
            "GATEWATCH_WORKERS": str(setup.workers),
            "GATEWATCH_ADMIN_EMAIL": EMAIL,
            "GATEWATCH_ADMIN_PASSWORD": password,
            "GATEWATCH_DEVICE_INTERVAL_SECS": str(INTERVAL),
            **setup.settings,
        }
        process = stack.enter_context(
            running("gatewatch", [PROGRAM, "serve"], f"{url}/health", env=env, cwd=folder)
        )
        service = _service(env, folder)
        house = _House(url, process.pid, service, password, folder, setup.codes)
        stack.callback(house.http.close)
        yield Server("gatewatch", url, process.pid, house.loads(), database)


def _service(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Register a program and return the headers that authenticate it."""
    made = subprocess.run(
        [
            *(PROGRAM, "clients", "create", "--json", "--name", "bench"),
            *("--type", "confidential", "--grant", "client_credentials"),
        ],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"gatewatch clients create fails: {made.stdout}{made.stderr}")
    client = json.loads(made.stdout)
    pair = f"{client['client_id']}:{client['client_secret']}"
    return {**FORM, "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


class _House:
    """A running server and what was set up in it."""

    def __init__(
        self,
        url: str,
        process: int,
        service: Mapping[str, str],
        password: str,
        folder: Path,
        codes: int,
    ) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self._url = url
        self._process = process
        self._service = service
        self._password = password
        self._codes_file = folder / "device-codes"
        self._codes = codes

    def loads(self) -> dict[str, MakeLoad]:
        return {
            "health": lambda: self._proved(Load("/health")),
            "token": lambda: self._proved(self._token()),
            "refresh": self._refresh,
            "device_start": lambda: self._proved(self._start()),
            "device": lambda: self._proved(self._poll()),
            "introspect": lambda: self._proved(self._introspection()),
            "session": lambda: self._proved(self._session()),
            "login": lambda: self._proved(self._login()),
        }

    def _proved(self, load: Load) -> Load:
        return proved(load, self._url)

    def _token(self) -> Load:
        return Load("/oauth/token", "POST", self._service, "grant_type=client_credentials")

    def _introspection(self) -> Load:
        tokens = [self._send(self._token())["access_token"] for _ in range(TOKENS)]
        # An inactive token is a shorter path: that it is active is proved before each run.
        if not self._send(Load("/oauth/introspect", "POST", self._service, f"token={tokens[0]}"))[
            "active"
        ]:
            raise RuntimeError("introspection calls a fresh token inactive")
        return Load("/oauth/introspect", "POST", self._service, f"token={TOKEN}", tokens)

    def _start(self, harvest: Path | None = None) -> Load:
        return Load(
            "/oauth/device/code",
            "POST",
            FORM,
            f"client_id={TELEVISION}&scope=profile%20offline_access",
            harvest=harvest,
            harvest_member="device_code",
        )

    def _poll(self) -> Load:
        """Poll codes that nobody has decided on, each in its turn."""
        if not self._codes_file.exists():
            self._codes_file.touch()
            while len(_lines(self._codes_file)) < self._codes:
                fire(
                    self._url,
                    self._start(self._codes_file),
                    seconds=1,
                    connections=CONNECTIONS,
                    server=self._process,
                )
        return Load(
            "/oauth/token",
            "POST",
            FORM,
            f"grant_type={DEVICE_GRANT}&client_id={TELEVISION}&device_code={TOKEN}",
            _lines(self._codes_file)[: self._codes],
            answers=["authorization_pending", "slow_down"],
        )

    def _refresh(self) -> Load:
        """Exchange refresh tokens that a person's approval led to, each once."""
        person = Person.signed_in(self._url, EMAIL, self._password)
        try:
            tokens = [self._approved(person) for _ in range(TOKENS)]
        finally:
            person.close()
        body = f"grant_type=refresh_token&client_id={TELEVISION}&refresh_token={TOKEN}"
        return Load("/oauth/token", "POST", FORM, body, tokens, follow="refresh_token")

    def _approved(self, person: Person) -> str:
        started = self._send(self._start())
        person.approve(started["user_code"])
        body = (
            f"grant_type={DEVICE_GRANT}&client_id={TELEVISION}&device_code={started['device_code']}"
        )
        return self._send(Load("/oauth/token", "POST", FORM, body))["refresh_token"]

    def _login(self) -> Load:
        body = json.dumps({"email": EMAIL, "password": self._password})
        return Load("/v1/auth/login", "POST", {"Content-Type": "application/json"}, body)

    def _session(self) -> Load:
        login = self._login()
        cookies = []
        for _ in range(SESSIONS):
            with httpx.Client(base_url=self._url, timeout=30) as browser:
                signed_in = browser.post(login.path, headers=login.headers, content=login.body)
                signed_in.raise_for_status()
                cookies.append(signed_in.cookies["gatewatch_at"])
        return Load("/v1/auth/session", headers={"Cookie": f"gatewatch_at={TOKEN}"}, tokens=cookies)

    def _send(self, load: Load) -> dict:
        answer = self.http.request(
            load.method, load.path, headers=load.headers, content=load.body or None
        )
        if answer.is_error:
            raise RuntimeError(f"{load.path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()


def _lines(file: Path) -> list[str]:
    return file.read_text().split()
