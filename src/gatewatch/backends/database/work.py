"""The database as the slices see it: `look` reads, `work` and `commit` write."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from gatewatch.backends.database.change import Change
from gatewatch.backends.database.dialect import Engine
from gatewatch.backends.database.futures import Callback
from gatewatch.backends.database.statement import Insert, Lookup, Params, Row, Statement
from gatewatch.kernel.errors import ConfigurationError

POOL_SIZE: Final = 10
"""Connections to Postgres that one process keeps."""


class Look(ABC):
    """Reads."""

    @abstractmethod
    async def one(self, statement: Statement, **params: object) -> Row | None:
        """The first row, if there is one."""

    @abstractmethod
    async def all(self, statement: Statement, **params: object) -> list[Row]:
        """Every row."""

    @abstractmethod
    async def find(self, lookup: Lookup, key: object) -> Row | None:
        """The row with this key, if there is one."""


class Work(Look):
    """One transaction: all of it is kept, or none. A statement that fails ends it."""

    @abstractmethod
    async def run(self, statement: Statement, **params: object) -> int:
        """Write, and say how many rows were written."""

    @abstractmethod
    async def add(self, insert: Insert, row: Params) -> None:
        """Insert a row."""

    @abstractmethod
    def after_commit(self, callback: Callback) -> None:
        """Call back once this work is durable."""


class Database(ABC):
    """Where gatewatch keeps what must outlive it."""

    engine: Engine
    look: Look

    @staticmethod
    def build(url: str, *, schema: str = "gatewatch", pool_size: int = POOL_SIZE) -> "Database":
        """Make a database of a URL, without touching it.

        Args:
            url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://...``
            schema: the Postgres schema that the tables live in
            pool_size: connections to Postgres that this process keeps

        Raises:
            ConfigurationError: the URL names no database that gatewatch runs on.
        """
        build = _BUILDERS.get(url.partition(":")[0].partition("+")[0])
        if build is None:
            raise ConfigurationError(
                [f"the database URL starts with sqlite:/// or postgresql://, not {url[:12]!r}"]
            )
        return build(url, schema, pool_size)

    @abstractmethod
    async def open(self) -> None:
        """Connect; within the event loop, and in the process, that will use it."""

    @abstractmethod
    async def close(self) -> None:
        """Let what is in flight end, and disconnect."""

    @abstractmethod
    def work(self) -> AbstractAsyncContextManager[Work]:
        """A transaction, committed on leaving.

        Its body awaits nothing but its own statements, so it is short by construction.

        Raises:
            Taken: a row would have a unique value that another row has.
            WorkSuspended: on SQLite, the body awaited something else; nothing of it is kept.
            RuntimeError: the body opened another unit of work.
        """

    @abstractmethod
    async def commit(self, change: Change) -> bool:
        """Make a change durable; False if its guard was lost and nothing was done.

        Raises:
            Taken: a row would have a unique value that another row has.
        """

    @abstractmethod
    async def scan(self, statement: Statement, **params: object) -> list[Row]:
        """Read much, out of everybody's way."""

    @abstractmethod
    async def ping(self, timeout: float) -> None:  # noqa: ASYNC109 - the caller's own budget
        """Make sure that the real thing answers within `timeout` seconds.

        Raises:
            Exception: what is wrong with it, as its driver puts it.
        """


def _sqlite(url: str, _schema: str, _pool_size: int) -> Database:
    from gatewatch.backends.database.sqlite import SqliteDatabase  # noqa: PLC0415

    return SqliteDatabase.at(url)


def _postgres(url: str, schema: str, pool_size: int) -> Database:
    # asyncpg is loaded by those who use it.
    from gatewatch.backends.database.postgres import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(url, schema, pool_size)


_BUILDERS: Final[dict[str, Callable[[str, str, int], Database]]] = {
    "sqlite": _sqlite,
    "postgres": _postgres,
    "postgresql": _postgres,
}
