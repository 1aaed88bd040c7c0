"""A real gatewatch server: its own process, its own port, its own folder."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from tests.kit import processes
from tests.kit.ports import free_port

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse battery staple"
PROGRAM = (sys.executable, "-m", "gatewatch")
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(slots=True)
class Server:
    """A server that runs, and the command line beside it."""

    base: str
    data_dir: Path
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def cli(self, *words: str, stdin: str = "", status: int = 0) -> str:
        """Run a command against the same settings; its standard output."""
        ended = subprocess.run(
            [*PROGRAM, *words],
            env=dict(self.environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            cwd=self.data_dir,
            check=False,
        )
        assert ended.returncode == status, ended.stderr + ended.stdout
        return ended.stdout

    def cli_json(self, *words: str, stdin: str = "") -> Any:
        """Run a command, and read the JSON that it prints."""
        return json.loads(self.cli(*words, "--json", stdin=stdin))

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An HTTP client that starts at this server."""
        return httpx.AsyncClient(base_url=self.base, timeout=30, **options)

    def printed(self) -> str:
        """Everything the server has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and give the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def serving(
    data_dir: Path, *, database_url: str | None = None, port: int | None = None, **settings: str
) -> Iterator[Server]:
    """Serve until the block ends. `settings` are variables in lower case without GATEWATCH_."""
    port = port or free_port()
    data_dir.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(data_dir),
        "GATEWATCH_DATA_DIR": str(data_dir),
        "GATEWATCH_PORT": str(port),
        "GATEWATCH_ADMIN_EMAIL": ADMIN_EMAIL,
        "GATEWATCH_ADMIN_PASSWORD": ADMIN_PASSWORD,
        **({"GATEWATCH_DATABASE_URL": database_url} if database_url else {}),
        **{_variable(name): value for name, value in settings.items()},
    }
    log = data_dir / "server.log"
    process = processes.start([*PROGRAM, "serve"], log=log, env=environment, cwd=data_dir)
    issuer = environment.get("GATEWATCH_ISSUER", f"http://localhost:{port}")
    server = Server(issuer, data_dir, environment, log, process)
    try:
        await_ready(server, port)
        yield server
    finally:
        processes.stop(process)


@asynccontextmanager
async def signed_in(
    server: Server, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD
) -> AsyncIterator[httpx.AsyncClient]:
    """A program that is signed in through the API, with its cookies and its CSRF header."""
    async with server.client() as client:
        answer = await client.post("/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == httpx.codes.OK, answer.text
        client.headers["X-CSRF-Token"] = client.cookies["gatewatch_csrf"]
        yield client


async def eventually(look: Any, *, seconds: float = 10) -> Any:
    """Wait until `look()` gives something true, and give that."""
    deadline = monotonic() + seconds
    while not (found := await look()):
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)
    return found


def _variable(name: str) -> str:
    upper = name.upper()
    return upper if upper.startswith(("AUDIT_LOG_", "ENABLE_")) else f"GATEWATCH_{upper}"


def await_ready(server: Server, port: int) -> None:
    """Wait until the server says that it serves."""
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        assert server.process.poll() is None, server.printed()
        if f":{port}. Stop it with" in server.printed():
            return
        sleep(0.05)
    raise AssertionError(f"the server did not start:\n{server.printed()}")
