"""The floor: a bare ASGI app that answers /health, on the server that gatewatch runs on."""

import contextlib
import os
import sys
from collections.abc import Iterator

from tests.kit.ports import free_port

from bench.servers.running import Server, running
from bench.wrk import ROOT, Load

BODY = b'{"status":"ok"}'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}
END = {"type": "http.response.body", "body": BODY}


async def app(scope, receive, send):
    """Answer every HTTP request with the same 15 bytes."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send(START)
    await send(END)


@contextlib.contextmanager
def bare(workers: int) -> Iterator[Server]:
    """Run it with as many workers as gatewatch has."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "uvicorn", "bench.servers.bare:app", "--port", str(port)),
        *("--workers", str(workers), "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    with running("the bare app", command, f"{url}/health", env=dict(os.environ), cwd=ROOT) as it:
        yield Server("bare", url, it.pid, {"health": lambda: Load("/health")})
