import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from gatewatch.http.connections import (
    MOST_HELD,
    Connection,
    GatheringTransport,
    hang_up_on_idlers,
)

PATIENCE = 0.2
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
HALVES = {
    "nothing": b"",
    "headers": b"GET / HTTP/1.1\r\nHost:",
    "body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhalf",
    "next": b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost:",
}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Take the whole request, take longer than clients may, and name the headers there are."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    await asyncio.sleep(4 * PATIENCE)
    body = b" ".join(name for name, _ in scope["headers"])
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    config = uvicorn.Config(application, port=0, http=Connection, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    connections = server.server_state.connections
    hanging_up = asyncio.create_task(hang_up_on_idlers(connections, PATIENCE))
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        hanging_up.cancel()
        await server.shutdown()


@asynccontextmanager
async def connected(sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    async with served() as port, asyncio.timeout(20 * PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        yield reader
        writer.close()


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
async def test_a_client_that_does_not_go_on_is_hung_up_on(half: bytes) -> None:
    async with connected(half) as reader:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(10_000)


async def test_a_client_that_waits_for_us_may_wait() -> None:
    async with connected(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"


async def test_trailers_are_no_headers() -> None:
    trailers = b"Authorization: Basic Z2F0ZXdhdGNoLWNsaTo=\r\nX-Forwarded-For: 192.0.2.1\r\n"
    async with connected(CHUNKED + b"1\r\na\r\n0\r\n" + trailers + b"\r\n") as reader:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(22) == b"host transfer-encoding"


class Wire(asyncio.Transport):
    """Keeps each write apart."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def test_what_is_written_within_a_turn_of_the_loop_leaves_together():
    wire = Wire()
    transport = GatheringTransport(wire)

    transport.write(b"head")
    transport.write(b"body")
    assert wire.written == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)

    assert wire.written == [b"headbody", b"next"]


async def test_what_was_written_before_closing_is_sent():
    wire = Wire()
    transport = GatheringTransport(wire)

    transport.write(b"goodbye")
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)

    assert wire.written == [b"goodbye"]
    assert transport.is_closing()


async def test_no_more_than_so_much_is_held():
    wire = Wire()
    transport = GatheringTransport(wire)

    transport.write(b"x")
    transport.write(bytes(MOST_HELD))

    assert [len(each) for each in wire.written] == [1 + MOST_HELD]
