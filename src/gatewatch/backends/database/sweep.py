"""Sweeping: rows that have served are found out of everybody's way, and go a few at a time."""

import asyncio
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Integer, any_, bindparam, column, delete, func, select

from gatewatch.backends.database.columns import Document
from gatewatch.backends.database.dialect import Array
from gatewatch.backends.database.statement import Statement
from gatewatch.backends.database.work import Database

FEW: Final = 100
"""Rows removed in one transaction: few enough for a sign-in not to notice."""

BREATH: Final = 0.02
"""Seconds between two such transactions, for everybody else."""


class Sweep:
    """The rows of a table that a condition is true of, found in the order of their ids.

    Ids are ordered by time, so this needs no index that every insert would pay for. `where` may
    have parameters; it is asked again when a row is removed.
    """

    def __init__(self, key: Column[Any], where: ColumnElement[bool]) -> None:
        def bound(name: str) -> ColumnElement[Any]:
            return bindparam(name, type_=key.type)

        self._find = Statement(
            select(key)
            .where(key > bound("after"), key < bound("upto"), where)
            .order_by(key)
            .limit(bindparam("most", type_=Integer))
        )
        removal = delete(key.table)
        listed = func.json_each(bindparam("keys", type_=Document)).table_valued(column("value"))
        # What somebody is just writing waits for the next time, so that nobody waits for us.
        idle = select(key).where(key == any_(bindparam("keys", type_=Array(key.type))), where)
        self._remove = Statement(
            removal.where(key.in_(select(listed.c.value)), where),
            postgres=removal.where(key.in_(idle.with_for_update(skip_locked=True))),
        )

    async def let_go(self, database: Database, *, upto: str, **params: object) -> int:
        """Remove all such rows whose id is less than `upto`; how many went."""
        gone = 0
        after = ""
        while True:
            keys = await self._found(database, after=after, upto=upto, **params)
            if keys:
                async with database.work() as work:
                    gone += await work.run(self._remove, keys=keys, **params)
            if len(keys) < FEW:
                return gone
            after = keys[-1]
            await asyncio.sleep(BREATH)

    async def _found(self, database: Database, **params: object) -> list[str]:
        return [key for (key,) in await database.scan(self._find, most=FEW, **params)]
