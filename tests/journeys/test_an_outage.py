"""The database or Redis goes away under a running server: callers are told when to come back."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.kit import metrics
from tests.kit.house import OPERATOR, PASSWORD, settings_of
from tests.kit.missing import CannotHaveError, go_without
from tests.kit.outages import postgres_again, stop_postgres, stop_valkey, valkey_again
from tests.kit.people import CHEAP, keeper, person
from tests.kit.postgres import PostgresServer
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, eventually, serving
from tests.kit.valkey import ValkeyServer

from gatewatch.auth import Auth
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Unavailable

SETTINGS = {**CHEAP, "workers": "2"}
CREDENTIALS = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
GRANT = {"grant_type": "client_credentials"}
CUT_SHORT = "gatewatch_requests_cut_short_total"

Ask = Callable[[], httpx.Response]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test's own, since it is going to be stopped."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(PostgresServer.running())
        except CannotHaveError as reason:
            go_without("PostgreSQL", str(reason))


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey of this test's own, since it is going to be stopped."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(ValkeyServer.running())
        except CannotHaveError as reason:
            go_without("Valkey or Redis", str(reason))


@contextmanager
def asking(ask: Ask) -> Iterator[list[int]]:
    """Ask over and over while the block lasts; the statuses of the answers."""
    statuses: list[int] = []
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            statuses.append(ask().status_code)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


def until_ok(ask: Ask) -> None:
    """Ask until it works."""
    deadline = monotonic() + 20
    while (answer := ask()).status_code != httpx.codes.OK:
        assert monotonic() < deadline, answer.text
        sleep(0.1)


def is_told_to_come_back(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def answered(counted: metrics.Scrape, status: str, **labels: str) -> float:
    """How many requests were answered so."""
    name = "http_server_request_duration_seconds_count"
    return counted.total(name, http_response_status_code=status, **labels)


def errors_about(server: Server, answer: httpx.Response) -> list[str]:
    """The errors in the log that bear an answer's request id."""
    lines = [json.loads(line) for line in server.printed().splitlines() if line.startswith("{")]
    wanted = answer.headers["x-request-id"]
    return [
        line["message"]
        for line in lines
        if line.get("request_id") == wanted and line["level"].upper() == "ERROR"
    ]


def test_postgres_goes_away_and_comes_back(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.url(postgres.create_database())
    with serving(tmp_path / "data", database_url=url, **SETTINGS) as server:
        auth = keeper(server)
        with person(server) as someone, httpx.Client(base_url=server.base, auth=auth) as program:

            def token() -> httpx.Response:
                return program.post("/oauth/token", data=GRANT)

            def session() -> httpx.Response:
                return someone.get("/v1/auth/session")

            def page() -> httpx.Response:
                return someone.get("/", headers={"Accept": "text/html"})

            with asking(token) as tokens, asking(session) as sessions:
                sleep(0.3)
                stop_postgres(postgres)
                sleep(0.3)
            assert {*tokens} == {*sessions} == {200, 503}

            answers = [token(), session(), page()]
            assert all(is_told_to_come_back(answer) for answer in answers)
            assert answers[0].json()["error"] == "temporarily_unavailable"
            assert answers[1].json()["error"]["code"] == "temporarily_unavailable"
            assert "Busy just now" in answers[2].text
            (error,) = errors_about(server, answers[1])
            assert error.startswith("outage in GET /v1/auth/session: database: ")
            assert httpx.get(f"{server.base}/health").json()["database"] == "disconnected"
            server.cli("accounts", "list", status=69)

            with postgres_again(postgres):
                with asking(token) as tokens, asking(session) as sessions:
                    for each in (token, session, page):
                        until_ok(each)
                for statuses in (tokens, sessions):
                    assert {*statuses} <= {200, 503}
                    assert statuses[-1] == 200

                counted = metrics.scrape(server)
                assert counted.total(CUT_SHORT, dependency="database") == answered(
                    counted, "503"
                ) - answered(counted, "503", http_route="/health")
                assert answered(counted, "500") == 0
                assert server.stop() == 0


def test_valkey_goes_away_and_comes_back(valkey: ValkeyServer, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", redis_url=valkey.url, **SETTINGS) as server,
        person(server) as someone,
        httpx.Client(base_url=server.base) as visitor,
    ):

        def sign_in() -> httpx.Response:
            return visitor.post("/v1/auth/login", json=CREDENTIALS)

        with asking(sign_in) as attempts:
            sleep(0.3)
            stop_valkey(valkey)
            sleep(0.3)
        assert {*attempts} == {200, 503}

        refused = sign_in()
        assert is_told_to_come_back(refused)
        assert refused.json()["error"]["code"] == "temporarily_unavailable"
        (error,) = errors_about(server, refused)
        assert error.startswith("outage in POST /v1/auth/login: redis: ConnectionError")
        # Sessions are cached there, and kept in the database.
        assert someone.get("/v1/auth/session").status_code == 200

        with valkey_again(valkey):
            until_ok(sign_in)
            assert sign_in().status_code == 200
            counted = metrics.scrape(server)
            assert counted.total(CUT_SHORT, dependency="redis") == answered(counted, "503") > 0
            assert answered(counted, "500") == 0
            assert server.stop() == 0


async def test_an_application_that_embeds_us_is_told_too(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = settings_of(postgres.url(postgres.create_database()), tmp_path)
    async with Auth(settings) as auth:
        await auth.services.passwords.register("ada@example.com", PASSWORD, by=OPERATOR)
        admitted = await auth.services.login.offer("ada@example.com", PASSWORD, origin=NOWHERE)
        bearer = b"Bearer " + admitted.opened.tokens.access_token.encode()
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/mine",
            "query_string": b"",
            "headers": [(b"authorization", bearer)],
            "client": None,
        }
        assert (await auth.signed_in(scope)).account.id == admitted.account.id

        stop_postgres(postgres)
        with pytest.raises(Unavailable) as caught:
            await auth.signed_in(scope)
        assert (caught.value.code, caught.value.retry_after) == ("temporarily_unavailable", 5)

        async def back() -> SignedIn | None:
            with suppress(Unavailable):
                return await auth.signed_in(scope)
            return None

        with postgres_again(postgres):
            assert (await eventually(back)).account.id == admitted.account.id
