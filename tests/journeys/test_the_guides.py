"""The commands and statements of the two guides, as they are printed."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.kit.missing import go_without
from tests.kit.people import CHEAP
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, serving
from tests.kit.tables import Rows, rows

SETTINGS = CHEAP
HERE = "http://localhost:8080"

# AuthGate's guide
HEALTH = "curl http://localhost:8080/health"
HEALTHCHECK = ["wget", "--no-verbose", "--tries=1", "--spider", "http://localhost:8080/health"]
FAILED_LOGINS = """\
curl -s "http://localhost:8080/admin/audit/api?event_type=AUTHENTICATION_FAILURE&since=24h" \
  -H "Cookie: session=..." | jq ."""

# IdentSphere's guide
BURSTS = """
SELECT ip_address, COUNT(*) AS attempts
FROM IdentSphere.audit_logs
WHERE action = 'auth.login.failed'
AND created_at > now() - interval '1 hour'
GROUP BY ip_address
ORDER BY attempts DESC
LIMIT 20;
"""
NEW_ADDRESSES = """
SELECT actor_id, ip_address, MIN(created_at) AS first_seen
FROM IdentSphere.audit_logs
WHERE action = 'auth.login' AND status = 'success'
GROUP BY actor_id, ip_address
HAVING MIN(created_at) > now() - interval '1 day';
"""
MFA_DISABLES = """
SELECT *
FROM IdentSphere.audit_logs
WHERE action = 'auth.mfa.disabled'
AND created_at > now() - interval '1 day';
"""


def run(command: str | list[str], server: Server, session: str = "") -> str:
    """Run a command of a guide on this server, with this session; what it prints."""
    words = ["sh", "-c", command] if isinstance(command, str) else command
    for tool in ("curl", "jq", "wget"):
        if tool in " ".join(words) and shutil.which(tool) is None:
            go_without(tool, "it is not installed")
    given = [word.replace(HERE, server.base).replace("session=...", session) for word in words]
    ended = subprocess.run(given, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_health_is_as_printed(standing: Server) -> None:
    told = json.loads(run(HEALTH, standing))
    assert (told["status"], told["database"]) == ("healthy", "connected")
    assert told["timestamp"].endswith("Z")


def test_a_container_is_well(standing: Server) -> None:
    run(HEALTHCHECK, standing)


def test_the_failed_logins_of_a_day(standing: Server) -> None:
    with httpx.Client(base_url=standing.base) as client:
        sign_in_badly(client, "ada@example.com")
        session = page_session(client)
    told = eventually(lambda: json.loads(run(FAILED_LOGINS, standing, session))["logs"])
    assert [(row["event_type"], row["action"], row["resource_name"]) for row in told] == [
        ("AUTHENTICATION_FAILURE", "auth.login.failed", "ada@example.com")
    ]
    assert told[0]["success"] is False
    assert told[0]["actor_ip"] == "127.0.0.1"


def page_session(client: httpx.Client) -> str:
    """Sign in as a person does; the cookie that they would copy from their browser."""
    found = client.get("/login").text.partition('name="csrf_token" value="')[2]
    form = {"csrf_token": found.partition('"')[0]}
    form |= {"identifier": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    assert client.post("/login", data=form).status_code == 303
    return f"session={client.cookies['session']}"


def sign_in_badly(client: httpx.Client, email: str) -> None:
    given = {"email": email, "password": "wrong"}
    assert client.post("/v1/auth/login", json=given).status_code == 401


@pytest.fixture
def like_identsphere(postgres_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server whose tables are where IdentSphere's are."""
    given = {"database_schema": "identsphere", **CHEAP}
    with serving(tmp_path / "data", database_url=postgres_url, **given) as running:
        yield running


@pytest.mark.postgres
def test_the_statements_find_what_happened(like_identsphere: Server) -> None:
    server = like_identsphere
    with httpx.Client(base_url=server.base) as client:
        for number in range(3):
            sign_in_badly(client, f"{number}@example.com")
        page_session(client)
    assert eventually(lambda: rows(server, BURSTS)) == [("127.0.0.1", 3)]
    ((admin,),) = rows(server, "SELECT id FROM users")
    ((actor, address, _),) = rows(server, NEW_ADDRESSES)
    assert (actor, address) == (admin, "127.0.0.1")
    assert rows(server, MFA_DISABLES) == []


def eventually(look) -> Rows:
    """Wait until a look finds something: a spooled event is a row within a second or so."""
    deadline = monotonic() + 10
    while not (found := look()):
        assert monotonic() < deadline, "nothing was found in time"
        sleep(0.1)
    return found
