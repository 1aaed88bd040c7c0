"""Legal holds: filters, and that what they find is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Table, Text, bindparam, delete, select

from gatewatch.backends.database import Database, Insert, Lookup, Moment, Statement, Work, metadata

audit_holds: Final = Table(
    "audit_holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)
_c: Final = audit_holds.c
_ADD: Final = Insert(audit_holds)
_ALL: Final = Statement(select(audit_holds).order_by(_c.created_at, _c.id))
_BY_ID: Final = Lookup(select(audit_holds), key=_c.id)
_REMOVE: Final = Statement(delete(audit_holds).where(_c.id == bindparam("hold_id", type_=Text)))


@dataclass(frozen=True, slots=True)
class Hold:
    """What somebody must be able to ask for, however old it gets."""

    id: str
    name: str
    query: str
    """The filters, as they are written in an address; all times in them are moments."""
    created_at: datetime


async def every(database: Database) -> list[Hold]:
    """Every hold, the oldest first."""
    return [Hold(*row) for row in await database.look.all(_ALL)]


async def by_id(work: Work, hold_id: str) -> Hold | None:
    """The hold with this id."""
    row = await work.find(_BY_ID, hold_id)
    return None if row is None else Hold(*row)


async def add(work: Work, hold: Hold) -> None:
    """Place a hold."""
    row = {"id": hold.id, "name": hold.name, "query": hold.query, "created_at": hold.created_at}
    await work.add(_ADD, row)


async def remove(work: Work, hold_id: str) -> bool:
    """Release a hold, if it is there."""
    return await work.run(_REMOVE, hold_id=hold_id) == 1
