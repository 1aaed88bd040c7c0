"""How the statements on short-lived state are carried out on the two engines."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from gatewatch.backends.database import Database, Params, Row, Statement
from gatewatch.backends.database.errors import of_sqlite
from gatewatch.backends.database.gather import Gatherer
from gatewatch.backends.database.sqlite import connect

Asked = tuple[Statement, Params]
Rhythm = tuple[int, int, int]
"""Interval and step in seconds, and how many milliseconds they are kept."""

PATIENCE_SECONDS: Final = 5.0
"""How long a batch waits for the file while other processes write to it."""

_PAUSE_SECONDS: Final = 0.001
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",
    "PRAGMA busy_timeout = 0",
    "PRAGMA wal_autocheckpoint = 200",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA temp_store = MEMORY",
)
"""Nothing waits for the disk; small checkpoints, since they happen in the event loop."""


class Runner(Protocol):
    """Carries out statements, each a transaction of its own or part of a batch."""

    async def open(self) -> None:
        """Connect, and make the tables that are missing."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def one(self, statement: Statement, **params: object) -> Row | None:
        """Carry out a statement; its first row, if it has any."""
        ...

    async def pace(
        self, key: str, *, polled_at: int, interval: int, step: int, ttl: int
    ) -> tuple[int, int]:
        """Note a poll: whether it came too soon, and the interval from now on."""
        ...


class SqliteRunner:
    """A file beside the database's own, written once for each turn of the event loop.

    The lock on it is held while a batch runs and never while the loop does anything else.
    """

    def __init__(self, path: Path, schema: Callable[[], Sequence[str]], pace: Statement) -> None:
        self._path = path
        self._schema = schema
        self._pace = pace

    async def open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        self._connection = await asyncio.to_thread(self._connect)
        self._gatherer: Gatherer[Asked, Row | None] = Gatherer(
            self._run, flights=1, at_fault=_is_not_busy
        )

    async def close(self) -> None:
        self._connection.close()

    async def one(self, statement: Statement, **params: object) -> Row | None:
        try:
            return await self._gatherer.ask((statement, params))
        except sqlite3.Error as error:
            told = of_sqlite(error)
            raise told from told.__cause__

    async def pace(
        self, key: str, *, polled_at: int, interval: int, step: int, ttl: int
    ) -> tuple[int, int]:
        row = await self.one(
            self._pace,
            key=key,
            polled_at=polled_at,
            interval=interval,
            too_soon=0,
            step=step,
            expires_at=polled_at + ttl,
        )
        assert row is not None  # noqa: S101 - an upsert returns its row
        return row[1], row[2]

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self._path, "rwc", ("PRAGMA busy_timeout = 5000", *_PRAGMAS))
        for statement in self._schema():
            connection.execute(statement)
        return connection

    async def _run(self, asked: list[Asked]) -> list[Row | None]:
        await self._begin()
        try:
            answers = [self._execute(statement, params) for statement, params in asked]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return answers

    async def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_SECONDS
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if _is_not_busy(error) or loop.time() > until:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    def _execute(self, statement: Statement, params: Params) -> Row | None:
        compiled = statement.sqlite
        row = self._connection.execute(compiled.sql, compiled.bind(params)).fetchone()
        return None if row is None else compiled.read(row)


class PostgresRunner:
    """Tables beside the others; the polls of one turn of the event loop travel together."""

    def __init__(
        self, database: Database, prepare: Callable[[Database], Awaitable[None]], pace: Statement
    ) -> None:
        self._database = database
        self._prepare = prepare
        self._pace = pace
        self._gatherers: dict[Rhythm, Gatherer[tuple[str, int], tuple[int, int]]] = {}

    async def open(self) -> None:
        await self._prepare(self._database)

    async def close(self) -> None:
        """The connections are the database's."""

    async def one(self, statement: Statement, **params: object) -> Row | None:
        return await self._database.look.one(statement, **params)

    async def pace(
        self, key: str, *, polled_at: int, interval: int, step: int, ttl: int
    ) -> tuple[int, int]:
        rhythm = (interval, step, ttl)
        gatherer = self._gatherers.get(rhythm)
        if gatherer is None:
            gatherer = self._gatherers[rhythm] = Gatherer(
                partial(self._note, rhythm),
                flights=2,
                at_fault=lambda _: False,
                apart=lambda asked: asked[0],
            )
        return await gatherer.ask((key, polled_at))

    async def _note(self, rhythm: Rhythm, asked: list[tuple[str, int]]) -> list[tuple[int, int]]:
        interval, step, ttl = rhythm
        polled_at = max(at for _, at in asked)
        rows = await self._database.look.all(
            self._pace,
            # In one order everywhere, so that two batches never wait for each other.
            key=sorted(key for key, _ in asked),
            polled_at=polled_at,
            interval=interval,
            too_soon=0,
            step=step,
            expires_at=polled_at + ttl,
        )
        noted = {key: (too_soon, agreed) for key, too_soon, agreed in rows}
        return [noted[key] for key, _ in asked]


def _is_not_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY
