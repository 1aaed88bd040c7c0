"""Stop a database under a server's feet, and start it again at the same place."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

import redis

from tests.kit.postgres import PostgresServer
from tests.kit.processes import other_user, start, stop
from tests.kit.valkey import ValkeyServer

SECONDS = 30


def stop_postgres(server: PostgresServer) -> None:
    """Shut PostgreSQL down: it tells its clients, and waits for none."""
    pid_file = server.home / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
    _wait_until_refused(server.port)


@contextmanager
def postgres_again(server: PostgresServer) -> Iterator[None]:
    """Start what was shut down, until the block ends."""
    process = start(
        [server.binaries.folder / "postgres", "-D", server.home / "data", "-p", str(server.port)],
        log=server.home / "log",
        user=other_user("postgres", "nobody"),
        cwd=server.home,
        farewell=signal.SIGINT,
    )
    try:
        _wait_until_accepted(server.port)
        yield
    finally:
        stop(process, signal.SIGINT)


def stop_valkey(server: ValkeyServer) -> None:
    """Shut Valkey down."""
    with redis.Redis(port=server.port) as client, suppress(redis.ConnectionError):
        client.shutdown(nosave=True, force=True)
    _wait_until_refused(server.port)


@contextmanager
def valkey_again(server: ValkeyServer) -> Iterator[None]:
    """Start what was shut down, without what it had in memory, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="gw-valkey-") as name:
        process = start(
            [server.binary.path, "--port", str(server.port), "--bind", "127.0.0.1", "--save", ""],
            log=Path(name) / "log",
            cwd=Path(name),
        )
        try:
            _wait_until_accepted(server.port)
            yield
        finally:
            stop(process)


def _is_accepted(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _wait_until_accepted(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while not _is_accepted(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while _is_accepted(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)
