"""Told to stop, a server finishes what it began, writes it down, and goes."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest
from tests.kit.people import PATIENT
from tests.kit.server import Server, serving
from tests.kit.tables import rows

SLOW = {**PATIENT, "argon2_iterations": "40", "workers": "2"}
"""Settings with which a sign-in takes a second."""


@pytest.fixture(params=["sqlite", "postgres"])
def slow_server(request: pytest.FixtureRequest, tmp_path: Path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with serving(tmp_path / "data", database_url=url, **SLOW) as server:
        yield server


async def test_a_request_under_way_is_answered_and_recorded_before_the_end(
    slow_server: Server,
) -> None:
    server = slow_server
    async with server.client() as client:
        signing_in = asyncio.create_task(
            client.post("/v1/auth/login", json={"email": "a@example.com", "password": "wrong"})
        )
        sending = await half_a_request(server)
        await asyncio.sleep(0.3)
        assert not signing_in.done(), "signing in was not slow"

        server.process.send_signal(signal.SIGTERM)

        await nobody_listens(server)
        assert not signing_in.done(), "new connections were accepted until the last request's end"
        answer = await signing_in
        second_answer = await the_other_half(sending)
    assert (answer.status_code, second_answer.status_code) == (401, 401)
    assert answer.headers["connection"] == "close"
    assert await asyncio.to_thread(server.process.wait, 30) == 0
    await asyncio.to_thread(the_log_is_whole, server, [answer, second_answer])


def test_a_server_that_idles_stops_at_once(slow_server: Server) -> None:
    with httpx.Client(base_url=slow_server.base) as waiting:
        waiting.get("/health")
        assert slow_server.stop(signal.SIGINT) == 0
    the_log_is_whole(slow_server, [])


def the_log_is_whole(server: Server, answers: list[httpx.Response]) -> None:
    """What was answered is stored, each worker said goodbye last, and the spool is empty."""
    recorded = rows(server, "SELECT emitter, sequence, action, request_id FROM audit_logs")
    refused = {request for *_, action, request in recorded if action == "auth.login.failed"}
    assert refused == {answer.headers["x-request-id"] for answer in answers}
    last = {emitter: action for emitter, _, action, _ in sorted(recorded)}
    stopped = [action for *_, action, _ in recorded if action == "system.stopped"]
    assert len(stopped) == 2
    assert set(last.values()) == {"system.stopped"}
    assert list((server.data_dir / "spool").glob("*")) == []
    printed = server.printed()
    assert "Traceback" not in printed
    assert '"level":"error"' not in printed


async def half_a_request(server: Server) -> socket.socket:
    """Begin to send a request whose body takes its time."""
    port = int(server.environment["GATEWATCH_PORT"])
    connection = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port))
    connection.sendall(
        b"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 44\r\n\r\n{"email":"b@example.com",'
    )
    return connection


async def the_other_half(connection: socket.socket) -> httpx.Response:
    """Send the rest, and read the answer."""
    with connection:
        connection.sendall(b'"password":"wrong"}')
        connection.settimeout(20)
        received = b""
        while chunk := await asyncio.to_thread(connection.recv, 65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    pairs = [tuple(header.split(": ", 1)) for header in headers]
    return httpx.Response(int(status.split()[1]), headers=pairs, content=body)


async def nobody_listens(server: Server) -> None:
    """Wait until a new connection is refused."""
    port = int(server.environment["GATEWATCH_PORT"])
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        writer.close()
        await asyncio.sleep(0.02)
    raise AssertionError("the server still accepts connections")
