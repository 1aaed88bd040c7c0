"""Several workers are one server: what one knows, all know."""

import signal
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.kit import metrics
from tests.kit.people import CHEAP, DEVICE_CODE, OUR_CLI
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, serving
from tests.kit.tables import rows
from tests.kit.workers import client_of, kill_worker

SETTINGS = {**CHEAP, "login_max_attempts": "4"}


def sign_in(client: httpx.Client, email: str, password: str) -> httpx.Response:
    return client.post("/v1/auth/login", json={"email": email, "password": password})


def session_of(client: httpx.Client, token: str) -> int:
    answer = client.get("/v1/auth/session", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def test_a_session_ended_on_one_is_ended_on_all(standing: Server) -> None:
    with client_of(standing, 1) as one, client_of(standing, 2) as two:
        token = sign_in(one, ADMIN_EMAIL, ADMIN_PASSWORD).json()["access_token"]
        assert [session_of(client, token) for client in (one, two)] == [200, 200]

        ended = two.delete("/v1/auth/sessions", headers={"Authorization": f"Bearer {token}"})

        assert ended.status_code == 204
        assert [session_of(client, token) for client in (one, two)] == [401, 401]


def test_a_polling_device_keeps_one_cadence_with_all(standing: Server) -> None:
    with client_of(standing, 1) as one, client_of(standing, 2) as two:
        code = one.post("/oauth/device/code", data={"client_id": OUR_CLI}).json()["device_code"]
        form = {"grant_type": DEVICE_CODE, "client_id": OUR_CLI, "device_code": code}
        polls = [client.post("/oauth/token", data=form).json() for client in (one, two, one)]
        assert [poll["error"] for poll in polls] == [
            "authorization_pending",
            "slow_down",
            "slow_down",
        ]


def test_each_shows_what_all_have_counted(standing: Server) -> None:
    with client_of(standing, 1) as one, client_of(standing, 2) as two:
        before = metrics.scrape(standing, one)
        sign_in(one, "nobody@example.com", "wrong")
        sign_in(two, "nobody@example.com", "wrong")
        sleep(1.1)  # a gauge is as old as a second
        name = "gatewatch_logins_total"
        for client in (one, two):
            after = metrics.scrape(standing, client)
            assert after.total(name) - before.total(name) == 2
            assert after.total("gatewatch_workers") == 2


def test_a_killed_worker_is_replaced_and_its_numbers_stay(standing: Server) -> None:
    with client_of(standing, 1) as one:
        sign_in(one, "somebody@example.com", "wrong")
        before = metrics.scrape(standing, one).counters()
        kill_worker(standing, 1)
        after = metrics.scrape(standing)

    assert {key: value for key, value in before.items() if after.counters()[key] < value} == {}
    deadline = monotonic() + 10
    query = "SELECT reason, metadata FROM audit_logs WHERE event_type = 'WORKER_DIED'"
    while not (died := rows(standing, query)):
        assert monotonic() < deadline, "nobody recorded that a worker died"
        sleep(0.1)
    assert len(died) == 1
    assert f'"exit_status":{-signal.SIGKILL}' in str(died[0][1]).replace(" ", "")
    assert metrics.scrape(standing).total("gatewatch_worker_deaths_total") == 1
    assert metrics.scrape(standing).total("gatewatch_workers") == 2


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_guessing_is_slowed_by_all_together_and_across_a_restart(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres_url") if engine == "postgres" else None
    given = {"database_url": url, "workers": "2", **SETTINGS}
    with (
        serving(tmp_path / "data", **given) as server,
        client_of(server, 1) as one,
        client_of(server, 2) as two,
    ):
        answers = [sign_in(client, ADMIN_EMAIL, "wrong") for client in (one, two, one, two)]
        assert [answer.status_code for answer in answers] == [401] * 4
        for client in (one, two):
            assert sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD).status_code == 429
    with serving(tmp_path / "data", **given) as server, client_of(server, 1) as client:
        answer = sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
