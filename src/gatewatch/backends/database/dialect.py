"""The few facts that differ between the two engines."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ARRAY, String, Text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

AnyType = TypeEngine[Any]
"""A column type, whatever its values."""

Processor = Callable[[Any], Any]
"""Turns one value into what the driver takes, or what the driver gave into a value."""


class Engine(StrEnum):
    """The databases that gatewatch runs on."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


SQLITE: Final[Dialect] = SQLiteDialect_pysqlite(paramstyle="qmark")
POSTGRES: Final[Dialect] = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


def binder(kind: AnyType, dialect: Dialect) -> Processor | None:
    """How values of this type are handed to the driver; None if as they are."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def reader(kind: AnyType, dialect: Dialect) -> Processor | None:
    """How values of this type are read from the driver; None if as they are."""
    return kind.dialect_impl(dialect).result_processor(dialect, None)


class Array(TypeDecorator[Any]):
    """A Postgres array of a column's values, handed over as its elements are.

    Text has no length in it: a cast to ``varchar(36)[]`` would cut what an insert refuses.
    """

    impl = ARRAY
    cache_ok = True

    def __init__(self, kind: AnyType) -> None:
        bare = kind.dialect_impl(POSTGRES)
        if isinstance(bare, TypeDecorator):
            bare = bare.impl_instance
        super().__init__(Text() if isinstance(bare, String) else bare)

    def bind_processor(self, dialect: Dialect) -> None:  # noqa: ARG002
        return None
