"""PostgreSQL 15 or newer, through asyncpg: the number of round trips is what counts.

Reads by key of one turn of the event loop travel together, and so do changes of one shape.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import asyncpg

from gatewatch.backends.database.change import Change, Shape
from gatewatch.backends.database.dialect import Engine
from gatewatch.backends.database.errors import Taken, outage
from gatewatch.backends.database.futures import Callback, call_back
from gatewatch.backends.database.gather import Gatherer
from gatewatch.backends.database.merge import Merged
from gatewatch.backends.database.statement import KEY, Insert, Lookup, Params, Row, Statement
from gatewatch.backends.database.work import Database, Look, Work

FLIGHTS: Final = 2
"""Batches of one kind under way at once: one is being written while the next is on its way."""

_AT_FAULT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    Taken,
    ValueError,
    TypeError,
    LookupError,
)
"""Errors that one question of a batch causes: a value that fits no column, a name taken already."""

_TRY_AGAIN: Final = asyncpg.TransactionRollbackError
"""A deadlock or a lost serialization, class 40 of PostgreSQL's error codes: nothing was done."""

_OUTAGES: Final = (
    OSError,
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.ReadOnlySQLTransactionError,  # 25006: a standby, where the server was
    asyncpg.InvalidAuthorizationSpecificationError,  # class 28
    asyncpg.InvalidCatalogNameError,  # class 3D
    asyncpg.InsufficientResourcesError,  # class 53
    asyncpg.LockNotAvailableError,  # 55P03: waited for too long
    asyncpg.OperatorInterventionError,  # class 57: it stops, or is not yet up
    asyncpg.PostgresSystemError,  # class 58
    asyncpg.InternalClientError,  # asyncpg, confused by a connection that broke as it was used
)
"""What says that the server is not there, or cannot (PostgreSQL, Appendix A: error codes)."""

_BROKEN: Final = re.compile("closed|released back to the pool")
"""What asyncpg says of a connection that broke between two statements; it has no class for it."""

_SESSION: Final = {
    "jit": "off",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Statements are too short to compile; a process that was stopped does not hold up the others."""

CONNECT_SECONDS: Final = 5.0
"""How long a connection may take to be made."""

ANSWER_SECONDS: Final = 15.0
"""How long a statement may take: longer than it may wait for a lock."""

SCAN_SECONDS: Final = 300.0
"""How long a look through much may take."""

_PAUSE: Final = 0.05
"""Seconds before a second try, in which whoever won the deadlock goes on."""

_NO_CHANGE: Final[Shape] = (None, ())

Connection = Any
"""asyncpg ships no types."""


class PostgresLook(Look):
    """Reads what is committed."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._lookups: dict[Lookup, Gatherer[object, Row | None]] = {}

    async def one(self, statement: Statement, **params: object) -> Row | None:
        return await _one(self._pool, statement, params)

    async def all(self, statement: Statement, **params: object) -> list[Row]:
        return await _all(self._pool, statement, params)

    async def find(self, lookup: Lookup, key: object) -> Row | None:
        gatherer = self._lookups.get(lookup)
        if gatherer is None:
            gatherer = self._lookups[lookup] = self._gatherer(lookup)
        return await gatherer.ask(key) if _storable(key) else None

    def _gatherer(self, lookup: Lookup) -> Gatherer[object, Row | None]:
        async def answer(keys: list[object]) -> list[Row | None]:
            return await _found(self._pool, lookup, keys)

        return Gatherer(answer, flights=FLIGHTS, at_fault=_at_fault)


class PostgresWork(Work):
    """A transaction on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.callbacks: list[Callback] = []

    async def one(self, statement: Statement, **params: object) -> Row | None:
        return await _one(self._connection, statement, params)

    async def all(self, statement: Statement, **params: object) -> list[Row]:
        return await _all(self._connection, statement, params)

    async def find(self, lookup: Lookup, key: object) -> Row | None:
        return (await _found(self._connection, lookup, [key]))[0] if _storable(key) else None

    async def run(self, statement: Statement, **params: object) -> int:
        compiled = statement.postgres
        with _translated():
            status = await self._connection.execute(compiled.sql, *compiled.bind(params))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def add(self, insert: Insert, row: Params) -> None:
        filled = insert.form(row).postgres
        with _translated():
            await self._connection.execute(filled.sql, *filled.bind(tuple(row.values())))

    def after_commit(self, callback: Callback) -> None:
        self.callbacks.append(callback)


class PostgresDatabase(Database):
    """A schema on a server."""

    engine = Engine.POSTGRES

    def __init__(self, url: str, schema: str, pool_size: int) -> None:
        self._url = dsn(url)
        self._schema = schema
        self._pool_size = pool_size
        self._changes: dict[Shape, Gatherer[Change, bool]] = {}
        self._working: set[asyncio.Task[object] | None] = set()

    async def open(self) -> None:
        with _translated():
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._pool_size,
                # Nothing is set on a connection, so nothing need be reset: a round trip saved.
                reset=_nothing,
                max_queries=0xFFFFFFFF,
                timeout=CONNECT_SECONDS,
                command_timeout=ANSWER_SECONDS,
                server_settings={
                    "search_path": self._schema,
                    "application_name": "gatewatch",
                    **_SESSION,
                },
            )
        self.look = PostgresLook(self._pool)

    async def close(self) -> None:
        await self._pool.close()

    def work(self) -> AbstractAsyncContextManager[Work]:
        return self._work()

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[Work]:
        self._refuse_nesting()
        task = asyncio.current_task()
        self._working.add(task)
        try:
            async with self._lent() as connection, _transaction(connection):
                work = PostgresWork(connection)
                yield work
        finally:
            self._working.discard(task)
        call_back(work.callbacks)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Connection]:
        with _translated():
            connection = await self._pool.acquire()
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    def _refuse_nesting(self) -> None:
        if self._working and asyncio.current_task() in self._working:
            raise RuntimeError("a unit of work inside a unit of work")

    async def commit(self, change: Change) -> bool:
        self._refuse_nesting()
        shape = change.shape
        if shape == _NO_CHANGE:
            call_back(change.callbacks)
            return True
        gatherer = self._changes.get(shape)
        if gatherer is None:
            gatherer = self._changes[shape] = self._gatherer(shape)
        return await gatherer.ask(change)

    def _gatherer(self, shape: Shape) -> Gatherer[Change, bool]:
        merged = Merged(shape)
        guarded = shape[0] is not None

        async def answer(changes: list[Change]) -> list[bool]:
            return await self._make(merged, changes, guarded=guarded)

        return Gatherer(
            answer,
            flights=FLIGHTS,
            at_fault=_at_fault,
            apart=_key if guarded else None,
        )

    async def _make(self, merged: Merged, changes: list[Change], *, guarded: bool) -> list[bool]:
        """Make changes of one shape; they are durable when this returns."""
        # In the order of their keys, as every other batch, so that two rarely block each other.
        ordered = sorted(changes, key=_key) if guarded else changes
        arguments = merged.arguments(ordered)
        with _translated():
            try:
                rows = await self._pool.fetch(merged.sql, *arguments)
            except _TRY_AGAIN:
                await asyncio.sleep(_PAUSE)
                rows = await self._pool.fetch(merged.sql, *arguments)
        won = {ordered[row[0]] for row in rows} if guarded else set(changes)
        for change in won:
            call_back(change.callbacks)
        return [change in won for change in changes]

    async def scan(self, statement: Statement, **params: object) -> list[Row]:
        return await _all(self._pool, statement, params, seconds=SCAN_SECONDS)

    async def ping(self, timeout: float) -> None:  # noqa: ASYNC109 - the caller's own budget
        await asyncio.wait_for(self._pool.fetchval("SELECT 1"), timeout)


def dsn(url: str) -> str:
    """The URL as asyncpg and libpq spell it, whichever driver it names."""
    return "postgresql" + url[url.index(":") :]


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    with _translated():
        await connection.execute("BEGIN")
    try:
        yield
        with _translated():
            ended = await connection.execute("COMMIT")
    except BaseException:
        # Not to be cut short by a second cancellation: the connection goes back to the pool.
        await asyncio.shield(_roll_back(connection))
        raise
    # A COMMIT after a statement that failed rolls back, and is no error to PostgreSQL.
    if ended != "COMMIT":
        raise RuntimeError("a statement of this unit of work has failed")


async def _roll_back(connection: Connection) -> None:
    try:
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        # One that broke may have left the pool already.
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


@contextmanager
def _translated() -> Iterator[None]:
    """Tell of an error in the slices' words, if they have one for it."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Taken(str(error)) from error
    except Exception as error:
        if is_outage(error):
            raise outage(error) from error
        raise


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the server is not there, or cannot."""
    if isinstance(error, _OUTAGES):
        return True
    return type(error) is asyncpg.InterfaceError and _BROKEN.search(str(error)) is not None


async def _one(source: Any, statement: Statement, params: Params) -> Row | None:
    compiled = statement.postgres
    arguments = compiled.bind(params)
    with _translated():
        row = await source.fetchrow(compiled.sql, *arguments)
    return None if row is None else compiled.read(row)


async def _all(
    source: Any, statement: Statement, params: Params, seconds: float | None = None
) -> list[Row]:
    compiled = statement.postgres
    arguments = compiled.bind(params)
    with _translated():
        rows = await source.fetch(compiled.sql, *arguments, timeout=seconds)
    return [compiled.read(row) for row in rows]


async def _found(source: Any, lookup: Lookup, keys: Sequence[object]) -> list[Row | None]:
    compiled = lookup.postgres
    arguments = compiled.bind({KEY: list(set(keys))})
    with _translated():
        rows = await source.fetch(compiled.sql, *arguments)
    found = {row[-1]: compiled.read(row)[:-1] for row in rows}
    return [found.get(key) for key in keys]


def _storable(key: object) -> bool:
    """Whether a Postgres text could hold this key: no NUL, no half of a surrogate pair."""
    if not isinstance(key, str):
        return True
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in key


def _key(change: Change) -> Any:
    return change.params[KEY]


def _at_fault(error: Exception) -> bool:
    return isinstance(error, _AT_FAULT)


async def _nothing(_connection: Connection) -> None:
    pass
