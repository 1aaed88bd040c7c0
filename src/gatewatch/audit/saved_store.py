"""Saved searches: a name, and the filters that it stands for; each account has its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, ForeignKey, Table, Text, UniqueConstraint, bindparam, delete, select

from gatewatch.backends.database import Database, Insert, Moment, Statement, Work, metadata

audit_searches: Final = Table(
    "audit_searches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "name"),
)
_c: Final = audit_searches.c
_ADD: Final = Insert(audit_searches)
_OF_ACCOUNT: Final = Statement(
    select(_c.id, _c.name, _c.query)
    .where(_c.account_id == bindparam("account_id", type_=Text))
    .order_by(_c.name)
)
_REMOVE: Final = Statement(
    delete(audit_searches).where(
        _c.id == bindparam("search_id", type_=Text),
        _c.account_id == bindparam("account_id", type_=Text),
    )
)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that somebody comes back to."""

    id: str
    name: str
    query: str
    """The filters, as they are written in an address."""


async def of_account(database: Database, account_id: str) -> list[SavedSearch]:
    """An account's searches, by name."""
    rows = await database.look.all(_OF_ACCOUNT, account_id=account_id)
    return [SavedSearch(*row) for row in rows]


async def add(work: Work, search: SavedSearch, account_id: str, now: datetime) -> None:
    """Keep a search.

    Raises:
        Taken: the account has another of that name.
    """
    row = {"id": search.id, "account_id": account_id, "name": search.name}
    await work.add(_ADD, {**row, "query": search.query, "created_at": now})


async def remove(work: Work, search_id: str, account_id: str) -> None:
    """Forget a search, if it is this account's."""
    await work.run(_REMOVE, search_id=search_id, account_id=account_id)
