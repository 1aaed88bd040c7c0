"""Migrations: bringing a database to the schema this release is written for.

Several processes may start at once: one migrates, the others wait for it. A migration is one
transaction on both engines: it happens, or it does not.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import sqlalchemy
from sqlalchemy import Connection, column, event, select, table
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from gatewatch.backends.database import sqlite
from gatewatch.backends.database.dialect import Engine
from gatewatch.backends.database.errors import of_sqlite, outage
from gatewatch.backends.database.statement import Statement
from gatewatch.backends.database.turnstile import Turnstile
from gatewatch.backends.database.work import Database
from gatewatch.kernel.errors import Outage

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER: Final = Path(__file__).parent / "migrations"
_APPLIED: Final = Statement(select(column("version_num")).select_from(table("alembic_version")))
_FILE_MODE: Final = 0o600

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Status:
    """Which revision a database is at, and which it should be at."""

    current: str | None
    head: str
    pending: list[str]


def up(url: str, schema: str = "gatewatch") -> Status:
    """Apply every pending revision; make the file, or the schema, where there is none.

    Raises:
        Exception: what is wrong, as the driver puts it; nothing was applied then.
    """
    if _engine(url) is Engine.SQLITE:
        with _outages_told(_of_sqlite):
            sqlite.path_of(url).touch(_FILE_MODE)
    return with_connection(url, schema, lambda connection: _up(connection, schema))


def down(url: str, schema: str = "gatewatch", steps: int = 1) -> Status:
    """Take back the latest revisions, with the data that only they hold."""
    return with_connection(url, schema, lambda connection: _down(connection, steps))


def status(url: str, schema: str = "gatewatch") -> Status:
    """Compare a database with this release; changes nothing."""
    if _engine(url) is Engine.SQLITE and not sqlite.path_of(url).exists():
        return Status(None, head(), _revisions())
    return with_connection(url, schema, _status)


def head() -> str:
    """The revision that this release is written for."""
    return _revisions()[-1]


async def head_is_applied(database: Database) -> bool:
    """Whether a database is at this release's revision, or a later one, which only adds to it."""
    try:
        row = await database.look.one(_APPLIED)
    except Exception:  # noqa: BLE001 - no table: sqlite3 and asyncpg each have their own word for it
        return False
    return row is not None and str(row[0]) >= head()


def with_connection(url: str, schema: str, action: Callable[[Connection], Answer]) -> Answer:
    """Do something to a database in one transaction, while no other process migrates it.

    Raises:
        Outage: the database does not answer, or takes nothing.
    """
    if _engine(url) is Engine.SQLITE:
        with _outages_told(_of_sqlite), _sqlite_connection(sqlite.path_of(url)) as connection:
            return action(connection)
    # A loop of its own, in a thread of its own: whoever calls may have one running.
    with _outages_told(_of_postgres), ThreadPoolExecutor(1, "gatewatch-migrate") as thread:
        return thread.submit(lambda: asyncio.run(_on_postgres(url, schema, action))).result()


@contextmanager
def _outages_told(meaning: Callable[[BaseException], Outage | None]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # SQLAlchemy says in its own words what a driver says; that is behind them.
        cause: BaseException | None = error
        while cause is not None:
            if told := meaning(cause):
                raise told from cause
            cause = cause.__cause__
        raise


def _of_sqlite(error: BaseException) -> Outage | None:
    told = of_sqlite(error)
    return told if isinstance(told, Outage) else None


def _of_postgres(error: BaseException) -> Outage | None:
    from gatewatch.backends.database.postgres import is_outage  # noqa: PLC0415 - brings asyncpg

    return outage(error) if is_outage(error) else None


def _engine(url: str) -> Engine:
    return Database.build(url).engine


def _revisions() -> list[str]:
    """Every revision, oldest first: a revision is called by the number its file begins with."""
    return sorted(file.name.partition("_")[0] for file in _FOLDER.glob("versions/[0-9]*_*.py"))


def _up(connection: Connection, schema: str) -> Status:
    from alembic import command  # noqa: PLC0415 - megabytes that a server never needs

    if connection.dialect.name == "postgresql":
        connection.execute(CreateSchema(schema, if_not_exists=True))
    # A newer release has been here: its schema serves this one, and only it can go on from there.
    if (_status(connection).current or "") <= head():
        command.upgrade(_config(connection), "head")
    return _status(connection)


def _down(connection: Connection, steps: int) -> Status:
    from alembic import command  # noqa: PLC0415 - megabytes that a server never needs

    command.downgrade(_config(connection), f"-{steps}")
    return _status(connection)


def _status(connection: Connection) -> Status:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - the same

    current = MigrationContext.configure(connection).get_current_revision()
    pending = [revision for revision in _revisions() if current is None or revision > current]
    return Status(current, head(), pending)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _sqlite_connection(path: Path) -> Iterator[Connection]:
    """A transaction on a file that no other process writes to meanwhile."""
    turnstile = Turnstile(path)
    turnstile.acquire()
    engine = sqlalchemy.create_engine(
        "sqlite://",
        creator=lambda: sqlite.connect(path, "rw", sqlite.MIGRATOR),
        poolclass=NullPool,
    )
    # The driver's own BEGIN leaves statements that define tables outside the transaction.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            yield connection
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise sqlalchemy.exc.IntegrityError("foreign_key_check", None, ValueError(broken))
    finally:
        turnstile.close()


async def _on_postgres(url: str, schema: str, action: Callable[[Connection], Answer]) -> Answer:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - brings greenlets

    from gatewatch.backends.database.postgres import dsn  # noqa: PLC0415 - brings asyncpg

    engine = create_async_engine(
        dsn(url).replace("postgresql", "postgresql+asyncpg", 1),
        poolclass=NullPool,
        connect_args={"server_settings": {"search_path": schema}},
    )

    def locked(connection: Connection) -> Answer:
        connection.execute(select(sqlalchemy.func.pg_advisory_xact_lock(_lock_number(schema))))
        return action(connection)

    try:
        async with engine.begin() as connection:
            return await connection.run_sync(locked)
    finally:
        await engine.dispose()


def _lock_number(schema: str) -> int:
    """The advisory lock for a schema: 64 bits, as PostgreSQL wants them."""
    named = hashlib.sha256(f"gatewatch migrations {schema}".encode()).digest()
    return int.from_bytes(named[:8], signed=True)
