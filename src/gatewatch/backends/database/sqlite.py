"""SQLite: reads inline in the event loop, writes in groups, scans in a thread.

One connection reads and another writes, so that nobody reads what is not yet durable.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

from sqlalchemy import make_url

from gatewatch.backends.database.change import Change
from gatewatch.backends.database.dialect import Engine
from gatewatch.backends.database.errors import of_sqlite
from gatewatch.backends.database.futures import Callback
from gatewatch.backends.database.group import Groups, Unit
from gatewatch.backends.database.statement import KEY, Insert, Lookup, Params, Row, Statement
from gatewatch.backends.database.turnstile import Turnstile
from gatewatch.backends.database.work import Database, Look, Work
from gatewatch.kernel.errors import ConfigurationError

_READER: Final = (
    "PRAGMA query_only = ON",
    "PRAGMA busy_timeout = 50",
    "PRAGMA cache_size = -8192",
    "PRAGMA temp_store = MEMORY",
)
"""The loop's reader: it may not write, and in WAL mode it hardly ever waits (milliseconds)."""

_WRITER: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 0",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -8192",
    "PRAGMA temp_store = MEMORY",
)
"""The writer: an answered request is on disk; pages for the checkpoint, bytes for the log."""

MIGRATOR: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = OFF",
)
"""Migrations make some tables anew, which foreign keys would forbid; they check them after."""

_SCANNER: Final = ("PRAGMA query_only = ON", "PRAGMA busy_timeout = 5000")

_SCANS_AT_ONCE: Final = 2
_CACHED_STATEMENTS: Final = 512


class SqliteLook(Look):
    """Reads what is durable, inline."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def one(self, statement: Statement, **params: object) -> Row | None:
        compiled = statement.sqlite
        row = self._execute(compiled.sql, compiled.bind(params)).fetchone()
        return None if row is None else compiled.read(row)

    async def all(self, statement: Statement, **params: object) -> list[Row]:
        compiled = statement.sqlite
        rows = self._execute(compiled.sql, compiled.bind(params)).fetchall()
        return [compiled.read(row) for row in rows]

    async def find(self, lookup: Lookup, key: object) -> Row | None:
        compiled = lookup.sqlite
        try:
            row = self._execute(compiled.sql, compiled.bind({KEY: key})).fetchone()
        except UnicodeEncodeError:
            # No stored text has half a surrogate pair in it.
            return None
        return None if row is None else compiled.read(row)

    def _execute(self, sql: str, arguments: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, arguments)
        except sqlite3.Error as error:
            told = of_sqlite(error)
            raise told from told.__cause__


class SqliteTurnLook(SqliteLook):
    """Reads all of one turn of the event loop from one snapshot, since taking one costs.

    The snapshot is given back before anything runs that was caused after it was taken, so
    whoever was told of a commit sees it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._loop = asyncio.get_running_loop()
        self._has_snapshot = False

    def _execute(self, sql: str, arguments: Sequence[object]) -> sqlite3.Cursor:
        if not self._has_snapshot:
            self._connection.execute("BEGIN")
            self._has_snapshot = True
            self._loop.call_soon(self.give_back)
        return super()._execute(sql, arguments)

    def give_back(self) -> None:
        """Let go of the snapshot, if there is one."""
        if self._has_snapshot:
            self._has_snapshot = False
            self._connection.execute("COMMIT")


class SqliteWork(SqliteLook, Work):
    """Reads and writes within a group, without ever suspending."""

    def __init__(self, connection: sqlite3.Connection, groups: Groups) -> None:
        super().__init__(connection)
        self._groups = groups
        self._unit: Unit

    async def __aenter__(self) -> Work:
        self._unit = await self._groups.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await self._groups.leave(self._unit)
        else:
            self._groups.abandon(self._unit, error)

    async def run(self, statement: Statement, **params: object) -> int:
        compiled = statement.sqlite
        return self._execute(compiled.sql, compiled.bind(params)).rowcount

    async def add(self, insert: Insert, row: Params) -> None:
        filled = insert.form(row).sqlite
        self._execute(filled.sql, filled.bind(tuple(row.values())))

    def after_commit(self, callback: Callback) -> None:
        self._unit.callbacks.append(callback)

    def _execute(self, sql: str, arguments: Sequence[object]) -> sqlite3.Cursor:
        return self._groups.run(self._unit, sql, arguments)


class SqliteDatabase(Database):
    """A file."""

    engine = Engine.SQLITE
    look: SqliteTurnLook

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def at(url: str) -> "SqliteDatabase":
        """The database in the file that a URL names.

        Raises:
            ConfigurationError: it names none.
        """
        return SqliteDatabase(path_of(url))

    async def open(self) -> None:
        try:
            self._reader = connect(self.path, "rw", _READER)
        except sqlite3.OperationalError as error:
            raise ConfigurationError([f"no database can be opened at {self.path}"]) from error
        self._writer = connect(self.path, "rw", _WRITER)
        self._identity = _identity(self.path)
        self._turnstile = Turnstile(self.path)
        self._groups = Groups(self._writer, self._turnstile)
        self._threads = ThreadPoolExecutor(_SCANS_AT_ONCE, "gatewatch-scan")
        self.look = SqliteTurnLook(self._reader)

    async def close(self) -> None:
        await self._groups.drained()
        self._threads.shutdown()
        self.look.give_back()
        self._reader.close()
        self._writer.close()
        self._turnstile.close()

    def work(self) -> SqliteWork:
        return SqliteWork(self._writer, self._groups)

    async def commit(self, change: Change) -> bool:
        return await self._groups.commit(change)

    async def scan(self, statement: Statement, **params: object) -> list[Row]:
        compiled = statement.sqlite
        arguments = compiled.bind(params)

        def read() -> list[Row]:
            with closing(connect(self.path, "ro", _SCANNER)) as connection:
                rows = connection.execute(compiled.sql, arguments).fetchall()
            return [compiled.read(row) for row in rows]

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        except sqlite3.Error as error:
            told = of_sqlite(error)
            raise told from told.__cause__

    async def ping(self, timeout: float) -> None:  # noqa: ASYNC109 - the caller's own budget
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.run_in_executor(None, self._touch), timeout)

    def _touch(self) -> None:
        """Read the file itself: a connection that is open would answer from its cache.

        Never with `open`: closing any handle of the file drops this process's locks on it.
        """
        if _identity(self.path) != self._identity:
            raise OSError(f"{self.path} is not the file that was opened")
        with closing(connect(self.path, "ro&immutable=1", ())) as connection:
            connection.execute("SELECT name FROM sqlite_schema").fetchall()


def path_of(url: str) -> Path:
    """The file that a ``sqlite:///`` URL names.

    Raises:
        ConfigurationError: it names none; a database in memory would not outlive its connection.
    """
    database = make_url(url).database
    if not database or database == ":memory:":
        raise ConfigurationError(["the database URL names a file, as in sqlite:///gatewatch.db"])
    return Path(database)


def connect(path: Path, mode: str, pragmas: Sequence[str]) -> sqlite3.Connection:
    """Open the file in a mode of SQLite's URIs (``ro``, ``rw``, ``rwc``)."""
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    for pragma in pragmas:
        connection.execute(pragma)
    return connection


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
