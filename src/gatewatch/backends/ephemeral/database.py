"""Short-lived state in tables of its own, which are never waited for to reach the disk."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Delete,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.schema import CreateTable

from gatewatch.backends.database import Database, Statement
from gatewatch.backends.database.dialect import POSTGRES, SQLITE, Array
from gatewatch.backends.ephemeral.arithmetic import (
    EMPTY,
    Count,
    Pace,
    Window,
    in_milliseconds,
    milliseconds,
    rolled,
    window_start,
)
from gatewatch.backends.ephemeral.runners import PostgresRunner, Runner, SqliteRunner
from gatewatch.kernel.secrets import SystemEntropy, url_token
from gatewatch.kernel.time import Clock

SWEEP_INTERVAL: Final = timedelta(minutes=5)
"""Between two removals of what is over; it is not seen any more from the moment it is."""

ADVISORY_LOCK: Final = 0x657068656D657261
"""Held on Postgres while the tables are made: ``CREATE ... IF NOT EXISTS`` races."""

_tables: Final = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(
        f"ephemeral_{name}",
        _tables,
        Column("key", Text, primary_key=True),
        *columns,
        Column("expires_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


counts = _table(
    "counts",
    Column("start", BigInteger, nullable=False),
    Column("current", Integer, nullable=False),
    Column("previous", Integer, nullable=False),
)
paces = _table(
    "paces",
    Column("polled_at", BigInteger, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("too_soon", Integer, nullable=False),
)
one_time = _table("values", Column("value", LargeBinary, nullable=False))
leases = _table("leases", Column("holder", Text, nullable=False))

Insert = PostgresInsert | SqliteInsert
_KEY: Final = bindparam("key", type_=Text())
_NOW: Final = bindparam("now", type_=BigInteger())
_STEP: Final = bindparam("step", type_=Integer())
_LENGTH: Final = bindparam("length", type_=BigInteger())


def _given(table: Table) -> dict[str, ColumnElement[Any]]:
    return {column.name: bindparam(column.name, type_=column.type) for column in table.c}


def _count(insert: Insert) -> Executable:
    """Add one, in the fixed window of now; as `rolled` and `bumped` do."""
    new, old = insert.excluded, counts.c
    at_hand, just_over = old.start >= new.start, old.start == new.start - _LENGTH
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "start": case((at_hand, old.start), else_=new.start),
            "current": case((at_hand, old.current + 1), else_=1),
            "previous": case((at_hand, old.previous), (just_over, old.current), else_=0),
            "expires_at": new.expires_at,
        },
    ).returning(old.start, old.current, old.previous)


def _pace(insert: Insert) -> Executable:
    """Note a poll; as `polled` does."""
    new, old = insert.excluded, paces.c
    is_over = old.expires_at <= new.polled_at
    too_soon = new.polled_at < old.polled_at + old.interval * 1000
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "polled_at": new.polled_at,
            "interval": case(
                (is_over, new.interval), (too_soon, old.interval + _STEP), else_=old.interval
            ),
            "too_soon": case((is_over, 0), (too_soon, 1), else_=0),
            "expires_at": new.expires_at,
        },
    ).returning(old.key, old.too_soon, old.interval)


def _put(insert: Insert) -> Executable:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["key"], set_={"value": new.value, "expires_at": new.expires_at}
    )


def _lease(insert: Insert) -> Executable:
    new, old = insert.excluded, leases.c
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"holder": new.holder, "expires_at": new.expires_at},
        where=(old.holder == new.holder) | (old.expires_at <= _NOW),
    ).returning(old.holder)


def _live(table: Table) -> ColumnElement[bool]:
    return (table.c.key == _KEY) & (table.c.expires_at > _NOW)


_COUNT = Statement(
    _count(SqliteInsert(counts).values(_given(counts))),
    postgres=_count(PostgresInsert(counts).values(_given(counts))),
)
_PACE_ONE = _pace(SqliteInsert(paces).values(_given(paces)))
_PACE_MANY = _pace(
    PostgresInsert(paces).from_select(
        list(paces.c.keys()),
        select(
            func.unnest(bindparam("key", type_=Array(Text()))),
            *(given for name, given in _given(paces).items() if name != "key"),
        ),
    )
)
_PACE = Statement(_PACE_ONE, postgres=_PACE_MANY)
"""On SQLite one key, on Postgres as many as there are, each once."""

_PUT = Statement(
    _put(SqliteInsert(one_time).values(_given(one_time))),
    postgres=_put(PostgresInsert(one_time).values(_given(one_time))),
)
_LEASE = Statement(
    _lease(SqliteInsert(leases).values(_given(leases))),
    postgres=_lease(PostgresInsert(leases).values(_given(leases))),
)
_COUNTED = Statement(
    select(counts.c.start, counts.c.current, counts.c.previous).where(_live(counts))
)
_FORGET = Statement(delete(counts).where(counts.c.key == _KEY))
_TAKE = Statement(delete(one_time).where(_live(one_time)).returning(one_time.c.value))
_PEEK = Statement(select(one_time.c.value).where(_live(one_time)))
_RELEASE = Statement(
    delete(leases).where(leases.c.key == _KEY, leases.c.holder == bindparam("holder", type_=Text()))
)
_PING = Statement(select(leases.c.key).limit(1))
_ALONE = Statement(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))


def _sweep(table: Table) -> Delete:
    return delete(table).where(table.c.expires_at <= _NOW)


_SWEEPS = [Statement(_sweep(table)) for table in _tables.sorted_tables]


def on_sqlite(path: Path, clock: Clock) -> "DatabaseEphemeral":
    """Keep it in a file of its own."""
    return DatabaseEphemeral(SqliteRunner(path, _schema_on_sqlite, _PACE), clock)


def on_postgres(database: Database, clock: Clock) -> "DatabaseEphemeral":
    """Keep it beside the other tables."""
    return DatabaseEphemeral(PostgresRunner(database, _prepare_postgres, _PACE), clock)


class DatabaseEphemeral:
    """For all workers on one database: each operation is one statement."""

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._one = runner.one
        self._clock = clock
        self._holder = url_token(SystemEntropy(), 8)

    async def open(self) -> None:
        await self._runner.open()
        self._sweeping = asyncio.create_task(self._keep_sweeping())

    async def close(self) -> None:
        self._sweeping.cancel()
        await asyncio.wait([self._sweeping])
        await self._runner.close()

    async def ping(self) -> None:
        await self._one(_PING)

    async def count(self, key: str, *, window: timedelta) -> Count:
        length, now = in_milliseconds(window), self._now()
        row = await self._one(
            _COUNT,
            key=key,
            start=window_start(now, length),
            current=1,
            previous=0,
            length=length,
            expires_at=now + 2 * length,
        )
        return Count.of(Window(*row or ()), length, now)

    async def counted(self, key: str, *, window: timedelta) -> Count:
        length, now = in_milliseconds(window), self._now()
        row = await self._one(_COUNTED, key=key, now=now)
        kept = EMPTY if row is None else Window(*row)
        return Count.of(rolled(kept, window_start(now, length), length), length, now)

    async def forget(self, key: str) -> None:
        await self._one(_FORGET, key=key)

    async def pace(self, key: str, *, interval: int, step: int, ttl: timedelta) -> Pace:
        now = self._now()
        too_soon, agreed = await self._runner.pace(
            key, polled_at=now, interval=interval, step=step, ttl=in_milliseconds(ttl)
        )
        return Pace(bool(too_soon), agreed)

    async def put(self, key: str, value: bytes, ttl: timedelta) -> None:
        await self._one(_PUT, key=key, value=value, expires_at=self._now() + in_milliseconds(ttl))

    async def take(self, key: str) -> bytes | None:
        row = await self._one(_TAKE, key=key, now=self._now())
        return None if row is None else bytes(row[0])

    async def peek(self, key: str) -> bytes | None:
        row = await self._one(_PEEK, key=key, now=self._now())
        return None if row is None else bytes(row[0])

    async def lease(self, name: str, holder: str, ttl: timedelta) -> bool:
        now = self._now()
        expires_at = now + in_milliseconds(ttl)
        row = await self._one(_LEASE, key=name, holder=holder, expires_at=expires_at, now=now)
        return row is not None

    async def release(self, name: str, holder: str) -> None:
        await self._one(_RELEASE, key=name, holder=holder)

    async def sweep(self) -> None:
        """Remove what is over, unless another process has just done so."""
        if await self.lease("ephemeral.sweep", self._holder, SWEEP_INTERVAL / 2):
            for statement in _SWEEPS:
                await self._one(statement, now=self._now())

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_INTERVAL.total_seconds())
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the next sweep makes up for this one
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a sweep of short-lived state failed", "exception": error}
                )

    def _now(self) -> int:
        return milliseconds(self._clock.now())


def _schema_on_sqlite() -> list[str]:
    tables = _tables.sorted_tables
    return [str(CreateTable(table, if_not_exists=True).compile(dialect=SQLITE)) for table in tables]


async def _prepare_postgres(database: Database) -> None:
    """Make the tables that are missing, out of the write-ahead log, one process at a time."""
    async with database.work() as work:
        await work.one(_ALONE)
        for table in _tables.sorted_tables:
            created = str(CreateTable(table, if_not_exists=True).compile(dialect=POSTGRES))
            await work.run(Statement(text(created.replace("TABLE", "UNLOGGED TABLE", 1))))
