"""The table of passwords, as Argon2id hashes."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, ForeignKey, Table, Text, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from gatewatch.backends.database import (
    Change,
    Guard,
    Look,
    Lookup,
    Moment,
    Statement,
    Work,
    metadata,
)
from gatewatch.kernel.ids import AccountId

passwords: Final = Table(
    "passwords",
    metadata,
    Column("account_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("encoded", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

_BY_ACCOUNT: Final = Lookup(select(passwords.c.encoded), key=passwords.c.account_id)
_KEPT: Final = ("encoded", "changed_at")
_ADD_SQLITE: Final = sqlite.insert(passwords)
_ADD_POSTGRES: Final = postgresql.insert(passwords)
_PUT: Final = Statement(
    _ADD_SQLITE.on_conflict_do_update(
        index_elements=["account_id"], set_={name: _ADD_SQLITE.excluded[name] for name in _KEPT}
    ),
    postgres=_ADD_POSTGRES.on_conflict_do_update(
        index_elements=["account_id"], set_={name: _ADD_POSTGRES.excluded[name] for name in _KEPT}
    ),
)
_REHASH: Final = Guard(
    passwords,
    key=passwords.c.account_id,
    where=passwords.c.encoded == bindparam("seen"),
    values={"encoded": bindparam("anew")},
)


async def by_account(look: Look, account_id: AccountId) -> str | None:
    """The hash of an account's password."""
    row = await look.find(_BY_ACCOUNT, account_id)
    return None if row is None else str(row[0])


async def put(work: Work, account_id: AccountId, encoded: str, now: datetime) -> None:
    """Keep a password's hash in place of the one before."""
    await work.run(_PUT, account_id=account_id, encoded=encoded, changed_at=now)


def rehash(account_id: AccountId, *, seen: str, anew: str) -> Change:
    """A change to another hash of the same password, unless it was changed meanwhile."""
    return Change((_REHASH, {"key": account_id, "seen": seen, "anew": anew}))
