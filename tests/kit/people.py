"""What people and programs do before the test begins: sign in, and sign a device in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
OUR_CLI = "gatewatch-cli"
CHEAP = {"argon2_memory_kib": "8", "argon2_iterations": "1"}
"""Settings with which a password costs nothing, where it is not the point."""
PATIENT = {"login_max_attempts": "1000000", "login_address_max_attempts": "1000000"}
"""Settings with which failures are not counted, where that is not the point."""

Pair = tuple[str, str]


@contextmanager
def person(
    server: Server, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD
) -> Iterator[httpx.Client]:
    """Someone signed in through the API, with their cookies and the header that proves intent."""
    with httpx.Client(base_url=server.base, timeout=30) as client:
        answer = client.post("/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == httpx.codes.OK, answer.text
        client.headers["X-CSRF-Token"] = client.cookies["gatewatch_csrf"]
        yield client


def approve(server: Server, user_code: str) -> None:
    """Let the device in that shows this code."""
    with person(server) as client:
        answer = client.post("/device", data={"user_code": user_code, "action": "approve"})
        assert answer.status_code == httpx.codes.OK, answer.text


def device_tokens(server: Server, scope: str = "openid offline_access") -> dict[str, Any]:
    """Sign a device in: its tokens."""
    with httpx.Client(base_url=server.base, timeout=30) as device:
        form = {"client_id": OUR_CLI, "scope": scope}
        codes = device.post("/oauth/device/code", data=form).json()
        approve(server, codes["user_code"])
        form = {
            "grant_type": DEVICE_CODE,
            "client_id": OUR_CLI,
            "device_code": codes["device_code"],
        }
        answer = device.post("/oauth/token", data=form)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()


def keeper(server: Server, *grants: str, scope: str = "read write offline_access") -> Pair:
    """Register a program with a secret: its id and that."""
    words = [word for grant in grants or ("client_credentials",) for word in ("--grant", grant)]
    made = server.cli_json(
        *("clients", "create", "--name", "Keeper", "--type", "confidential", "--scope", scope),
        *words,
    )
    return made["client_id"], made["client_secret"]
