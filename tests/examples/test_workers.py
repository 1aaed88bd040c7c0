"""A host of several processes: each has gatewatch to itself, over one data directory."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.kit.host import ROOT, hosting, workers
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server
from tests.kit.tables import rows

LOGIN = "/auth/v1/auth/login"
FAILED = "auth.login.failed"


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A host whose two workers start at once, on nothing."""
    more = {"login_address_max_attempts": "100000", "login_max_attempts": "100000"}
    more |= {"argon2_memory_kib": "8", "argon2_iterations": "1"}
    if request.param == "postgres":
        more["database_url"] = request.getfixturevalue("postgres_url")
    example = ROOT / "examples" / "fastapi_app"
    with hosting(example, tmp_path / "data", prefix="/auth", workers=2, **more) as running:
        yield running


def test_two_workers_share_one_data_directory(server: Server) -> None:
    becomes(server, "system.started", 2)
    assert actions(server)["keys.created"] == 1
    assert actions(server)["users.created"] == 1
    assert server.printed().count("The first administrator was made.") == 1

    a_token_of_one_is_good_for_both(server)
    assert refused_by(server, 60) == 60
    becomes(server, FAILED, 60)
    pairs = rows(server, "SELECT DISTINCT emitter, action FROM audit_logs")
    assert [action for _, action in pairs].count(FAILED) == 2, "one worker had nothing to do"

    refused = 60 + a_worker_dies_at_work(server)
    becomes(server, FAILED, refused)
    becomes(server, "system.started", 3)
    assert actions(server)["keys.created"] == 1
    twice = "SELECT emitter, sequence FROM audit_logs GROUP BY 1, 2 HAVING count(*) > 1"
    assert rows(server, twice) == []


def test_a_stopped_host_leaves_nothing_waiting(server: Server) -> None:
    assert refused_by(server, 10) == 10
    server.stop()
    counted = actions(server)
    assert counted[FAILED] == 10
    assert counted["system.stopped"] == 2
    assert list((server.data_dir / "spool").glob("*.seg")) == []


def a_token_of_one_is_good_for_both(server: Server) -> None:
    given = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    token = httpx.post(server.base + LOGIN, json=given).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    def ask(_number: int) -> int:
        return httpx.get(f"{server.base}/authors", headers=headers).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(40))) == {200}


def refused_by(server: Server, times: int) -> int:
    """Fail to sign in, each time over a connection of its own; how often the answer came."""

    def fail(number: int) -> bool:
        given = {"email": f"nobody-{number % 7}@example.com", "password": "not the password"}
        try:
            return httpx.post(server.base + LOGIN, json=given, timeout=10).status_code == 401
        except httpx.TransportError:
            return False  # the worker died before it had answered

    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(fail, range(times)))


def a_worker_dies_at_work(server: Server) -> int:
    """Kill a worker amid failing sign-ins; how many of them were answered."""
    victim = workers(server)[0]
    with ThreadPoolExecutor(1) as threads:
        answered = threads.submit(refused_by, server, 200)
        sleep(0.3)
        os.kill(victim, signal.SIGKILL)
        return answered.result()


def becomes(server: Server, action: str, times: int) -> None:
    """Wait until the log has it so often; a refusal that was not answered may be there, too."""
    deadline = monotonic() + 20
    while actions(server)[action] < times:
        assert monotonic() < deadline, actions(server)
        sleep(0.2)


def actions(server: Server) -> Counter[str]:
    """How often each thing happened, says the audit log."""
    return Counter(action for (action,) in rows(server, "SELECT action FROM audit_logs"))
