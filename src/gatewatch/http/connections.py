"""The connections of our own server: what a client may send, and how long it may take.

Uvicorn keeps whatever comes, and waits for ever for the rest.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a request that are not its body; browsers and proxies send a few KiB of headers."""

MOST_HELD: Final = 64 * 1024
"""Bytes of an answer that are not held until the turn is over; asyncio's own high-water mark."""

PATIENCE_SECONDS: Final = 30.0
"""How long a client is waited for: at least this, and less than twice as long."""


class GatheringTransport(asyncio.Transport):
    """Writes together what is written within one turn of the event loop.

    Uvicorn writes the head of a response and then its body: two system calls and two packets,
    which cost more than all else that it does.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size >= MOST_HELD:
            self._flush()

    def _flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()


class Connection(HttpToolsProtocol):
    """Uvicorn's, with an end to the headers and trailers that it keeps in memory.

    What a request shares its first read with is not counted, so a limit is passed by one read at
    most: whatever a client sends, it holds no more.
    """

    _beside_body = 0

    @property
    def is_waited_for(self) -> bool:
        """Whether it is the client's turn: to send the rest of a request, or to take an answer."""
        request: RequestResponseCycle | None = self.cycle  # none before the first
        if request is None or request.response_complete:
            return True
        return request.more_body or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(GatheringTransport(transport))

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The headers of the request are too large.")

    def on_message_begin(self) -> None:
        self._beside_body = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # Trailers would be added: to say who asks, or from where (RFC 9110 section 6.5.1).
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._beside_body -= len(body)
        super().on_body(body)


async def hang_up_on_idlers(
    connections: Collection[Connection], patience: float = PATIENCE_SECONDS
) -> None:
    """Hang up on whoever does not go on, for connections are few; ends by being cancelled.

    `connections` are those that there are, as they come and go.
    """
    before: Mapping[Connection, object] = {}
    while True:
        await asyncio.sleep(patience)
        waited_for: Mapping[Connection, object] = {
            each: each.cycle for each in connections if each.is_waited_for
        }
        for each, request in waited_for.items():
            if each in before and before[each] is request:
                each.transport.abort()
        before = waited_for
