"""Where signing keys rest, sealed, and what is said once about the whole installation."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, Table, Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgres
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite

from gatewatch.backends.database import (
    Database,
    Digest,
    Document,
    Moment,
    Row,
    Statement,
    Work,
    metadata,
)


class KeyState(StrEnum):
    """A signing key's life: published, then signing, then only verifying."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


instance = Table(
    "instance",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("private_key", Digest, nullable=False),
    Column("public_jwk", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("activated_at", Moment),
    Column("retired_at", Moment),
)
_is_current = signing_keys.c.state == KeyState.CURRENT.value
Index(
    "uq_signing_keys_current",
    signing_keys.c.algorithm,
    unique=True,
    sqlite_where=_is_current,
    postgresql_where=_is_current,
)


def _insert_if_absent(table: Table) -> Statement:
    values = {column.name: bindparam(column.name, type_=column.type) for column in table.c}
    on_sqlite = insert_on_sqlite(table).values(values).on_conflict_do_nothing()
    on_postgres = insert_on_postgres(table).values(values).on_conflict_do_nothing()
    return Statement(on_sqlite, postgres=on_postgres)


_SAY = _insert_if_absent(instance)
_SAID = Statement(select(instance.c.value).where(instance.c.key == bindparam("name", type_=Text())))
_ADD = _insert_if_absent(signing_keys)
_ALL = Statement(select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.id))


async def say_once(database: Database, key: str, value: str) -> str:
    """Write a value unless there is one; the one that stands is returned."""
    async with database.work() as work:
        await work.run(_SAY, key=key, value=value)
        row = await work.one(_SAID, name=key)
    return value if row is None else str(row[0])


async def add_current(
    work: Work,
    *,
    key_id: str,
    algorithm: str,
    private_key: bytes,
    public_jwk: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Keep a new current key, unless its algorithm has one."""
    added = await work.run(
        _ADD,
        id=key_id,
        algorithm=algorithm,
        state=KeyState.CURRENT.value,
        private_key=private_key,
        public_jwk=public_jwk,
        created_at=now,
        activated_at=now,
        retired_at=None,
    )
    return added == 1


async def all_keys(database: Database) -> list[Row]:
    """Every key there is, oldest first, in the order of the table's columns."""
    return await database.look.all(_ALL)
