"""HTTP by hand: whatever bytes a client may send, sane or not."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from tests.kit.server import Server

Headers = Sequence[tuple[bytes, bytes]]
FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
JSON = (b"Content-Type", b"application/json")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ours(self) -> bool:
        """Whether it reached us, and was not refused as no HTTP before."""
        return "x-request-id" in self.headers


def exchange(
    server: Server, method: bytes, target: bytes, headers: Headers = (), body: bytes = b""
) -> Answer:
    """Send a request as it is given, with the length of its body, and read the answer."""
    port = int(server.environment["GATEWATCH_PORT"])
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    request = b"\r\n".join([*lines, b"", b""]) + body
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was whole
            connection.sendall(request)
        answer = HTTPResponse(connection, method=method.decode("latin-1"))
        try:
            answer.begin()
            rest = answer.read()
        except HTTPException as error:
            raise AssertionError(f"no HTTP came back to {request[:2000]!r}") from error
        finally:
            answer.close()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, headers, rest)
