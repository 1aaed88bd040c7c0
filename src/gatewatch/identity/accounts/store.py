"""The table of accounts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Integer, Table, Text, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gatewatch.backends.database import (
    Change,
    Guard,
    Look,
    Lookup,
    Moment,
    Row,
    Statement,
    Work,
    metadata,
)
from gatewatch.identity.accounts.rules import Account, AccountStatus, Role
from gatewatch.kernel.ids import AccountId

users: Final = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("username", Text, unique=True),
    Column("display_name", Text),
    Column("role", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

_ACCOUNT: Final = select(
    users.c.id,
    users.c.email,
    users.c.username,
    users.c.display_name,
    users.c.role,
    users.c.status,
    users.c.created_at,
)
_ACTIVE: Final = users.c.status == AccountStatus.ACTIVE.value

BY_ID: Final = Lookup(_ACCOUNT, key=users.c.id)
BY_EMAIL: Final = Lookup(_ACCOUNT, key=users.c.email)
BY_USERNAME: Final = Lookup(_ACCOUNT, key=users.c.username)

_NEWEST: Final = _ACCOUNT.order_by(users.c.id.desc()).limit(bindparam("limit", type_=Integer))
_FIRST_PAGE: Final = Statement(_NEWEST)
_NEXT_PAGE: Final = Statement(_NEWEST.where(users.c.id < bindparam("after")))

_ADD: Final = Statement(
    sqlite.insert(users).on_conflict_do_nothing(),
    postgres=postgresql.insert(users).on_conflict_do_nothing(),
)
_MOVE: Final = Statement(
    update(users)
    .where(users.c.id == bindparam("account"), users.c.status == bindparam("seen"))
    .values(status=bindparam("to"), updated_at=bindparam("now"))
)
# Locked in one order, and only then counted: of two that disable each other, one waits and sees
# what the other did. SQLite has one writer at a time, and no such clause.
_LOCK_ACTIVE_ADMINS: Final = Statement(
    select(users.c.id)
    .where(users.c.role == Role.ADMIN.value, _ACTIVE)
    .order_by(users.c.id)
    .with_for_update()
)
_WHILE_ACTIVE: Final = Guard(
    users, key=users.c.id, where=_ACTIVE, values={"status": AccountStatus.ACTIVE.value}
)


async def by_id(look: Look, account_id: AccountId) -> Account | None:
    """The account with this id."""
    return _account_or_none(await look.find(BY_ID, account_id))


async def by_email(look: Look, email: str) -> Account | None:
    """The account with this normalised email."""
    return _account_or_none(await look.find(BY_EMAIL, email))


async def by_username(look: Look, username: str) -> Account | None:
    """The account with this normalised username."""
    return _account_or_none(await look.find(BY_USERNAME, username))


async def page(look: Look, after: AccountId | None, limit: int) -> tuple[Account, ...]:
    """At most `limit` accounts, the newest first, from behind `after` on."""
    if after is None:
        rows = await look.all(_FIRST_PAGE, limit=limit)
    else:
        rows = await look.all(_NEXT_PAGE, after=after, limit=limit)
    return tuple(_account(row) for row in rows)


async def add(work: Work, account: Account) -> bool:
    """Keep a new account; False if its email or its username is taken."""
    return await work.run(_ADD, **_row(account)) == 1


async def move(work: Work, account: Account, *, to: AccountStatus, now: datetime) -> bool:
    """Move an account on, if it is still where we saw it."""
    moved = await work.run(
        _MOVE, account=account.id, seen=account.status.value, to=to.value, now=now
    )
    return moved == 1


async def lock_active_admins(work: Work) -> int:
    """Count the administrators that can sign in, none of whom changes until this work ends."""
    return len(await work.all(_LOCK_ACTIVE_ADMINS))


def while_active(account_id: AccountId) -> Change:
    """A change that comes about only while the account is active."""
    return Change((_WHILE_ACTIVE, {"key": account_id}))


def _row(account: Account) -> Mapping[str, object]:
    return {
        "id": account.id,
        "email": account.email,
        "username": account.username,
        "display_name": account.display_name,
        "role": account.role.value,
        "status": account.status.value,
        "created_at": account.created_at,
        "updated_at": account.created_at,
    }


def _account_or_none(row: Row | None) -> Account | None:
    return None if row is None else _account(row)


def _account(row: Row) -> Account:
    return Account(
        id=row[0],
        email=row[1],
        username=row[2],
        display_name=row[3],
        role=Role(row[4]),
        status=AccountStatus(row[5]),
        created_at=row[6],
    )
