"""The table of sessions, and a cache before it.

A session is read together with its owner: one read answers a request.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    column,
    select,
    table,
    update,
)

from gatewatch.backends.database import (
    Change,
    Digest,
    Guard,
    Insert,
    Look,
    Lookup,
    Moment,
    Row,
    Statement,
    Sweep,
    Work,
    metadata,
)
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.catalogue.outcomes import LoginMethod, SessionEnding
from gatewatch.identity.accounts.rules import AccountStatus, Role
from gatewatch.identity.sessions.rules import Digests, Kept, Owner, Session
from gatewatch.kernel.ids import AccountId, SessionId

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_active_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("ending", Text),
    Column("user_agent", Text),
    Column("ip_address", Text),
    Column("auth_method", Text, nullable=False),
    Column("auth_time", Moment, nullable=False),
    Column("page_digest", Digest, nullable=False),
    Column("lineage_digest", Digest, nullable=False),
    Column("refresh_digest", Digest, nullable=False),
    Index("ix_sessions_account_id", "account_id"),
)

_c: Final = sessions.c
_OPEN: Final = _c.ended_at.is_(None)
_SESSION: Final = (
    _c.id,
    _c.account_id,
    _c.created_at,
    _c.last_active_at,
    _c.expires_at,
    _c.ended_at,
    _c.user_agent,
    _c.ip_address,
    _c.auth_method,
    _c.auth_time,
)
# The accounts' table by its name: their store is their own.
_owners: Final = table(
    "users",
    *(column(name, Text) for name in ("id", "email", "username", "display_name", "role", "status")),
)

_ADD: Final = Insert(sessions)
_BY_ID: Final = Lookup(
    select(
        *_SESSION,
        _c.page_digest,
        _c.lineage_digest,
        _c.refresh_digest,
        *[_owners.c[name] for name in ("email", "username", "display_name", "role", "status")],
    ).join(_owners, _owners.c.id == _c.account_id),
    key=_c.id,
)
_OPEN_OF: Final = Statement(
    select(*_SESSION)
    .where(_c.account_id == bindparam("account"), _OPEN, _c.expires_at > bindparam("now"))
    .order_by(_c.last_active_at.desc(), _c.id.desc())
)
_ROTATE: Final = Guard(
    sessions,
    key=_c.id,
    where=_OPEN & (_c.refresh_digest == bindparam("seen")),
    values={"refresh_digest": bindparam("anew"), "last_active_at": bindparam("now")},
)
_TOUCH: Final = Guard(
    sessions,
    key=_c.id,
    where=_OPEN & (_c.last_active_at < bindparam("now")),
    values={"last_active_at": bindparam("now")},
)
_END: Final = Guard(
    sessions,
    key=_c.id,
    where=_OPEN,
    values={"ended_at": bindparam("now"), "ending": bindparam("why")},
)
_END_IN_WORK: Final = Statement(
    update(sessions)
    .where(_c.id == bindparam("session"), _OPEN)
    .values(ended_at=bindparam("now"), ending=bindparam("why"))
)
_BEFORE: Final = bindparam("before", type_=Moment)
OVER: Final = Sweep(_c.id, (_c.expires_at <= _BEFORE) | (_c.ended_at <= _BEFORE))

CACHED_FOR: Final = timedelta(seconds=30)
"""How long a session is good without looking at the database again."""

MARKED_FOR: Final = timedelta(minutes=5)
"""How long it is known that a session ended: longer than an entry can be on its way."""

_log: Final[Log] = logger("gatewatch.middleware.auth")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Kept).decode


def add(change: Change, session: Session, digests: Digests) -> None:
    """Keep a new session."""
    change.add(_ADD, _row(session, digests))


async def by_id(look: Look, session_id: SessionId) -> Kept | None:
    """The session with this id, ended or not."""
    row = await look.find(_BY_ID, session_id)
    return None if row is None else _kept(row)


async def open_of(look: Look, account_id: AccountId, now: datetime) -> tuple[Session, ...]:
    """An account's sessions that have neither ended nor grown too old, the busiest first."""
    rows = await look.all(_OPEN_OF, account=account_id, now=now)
    return tuple(_session(row) for row in rows)


def rotate(kept: Kept, *, anew: bytes, now: datetime) -> Change:
    """A change to another refresh secret, if the one we saw is still the last."""
    seen = kept.digests.refresh
    return Change((_ROTATE, {"key": kept.session.id, "seen": seen, "anew": anew, "now": now}))


def touch(session_id: SessionId, now: datetime) -> Change:
    """A change to a later last activity."""
    return Change((_TOUCH, {"key": session_id, "now": now}))


def end(session_id: SessionId, *, why: SessionEnding, now: datetime) -> Change:
    """A change that ends a session, if it has not ended yet."""
    return Change((_END, {"key": session_id, "why": why.value, "now": now}))


async def end_in(work: Work, session: Session, *, why: SessionEnding, now: datetime) -> bool:
    """End a session within a larger work, if it has not ended yet."""
    return await work.run(_END_IN_WORK, session=session.id, why=why.value, now=now) == 1


async def cached(cache: Ephemeral, session_id: SessionId) -> Kept | None:
    """The session, if it was read lately and has not ended since."""
    entry = mark = None
    with _spared():
        entry, mark = await asyncio.gather(
            cache.peek(_entry(session_id)), cache.peek(_mark(session_id))
        )
    return None if entry is None or mark is not None else _decode(entry)


async def keep_cached(cache: Ephemeral, kept: Kept) -> None:
    """Keep a session that was just read, for the next who asks."""
    with _spared():
        await cache.put(_entry(kept.session.id), _encode(kept), CACHED_FOR)


async def mark_ended(cache: Ephemeral, session_id: SessionId) -> None:
    """Have the database asked about this session from now on.

    Were its entry removed instead, a process that had just read the session could put it back.
    """
    with _spared():
        await cache.put(_mark(session_id), b"ended", MARKED_FOR)


def _entry(session_id: SessionId) -> str:
    return f"session:{session_id}"


def _mark(session_id: SessionId) -> str:
    return f"session-ended:{session_id}"


@contextmanager
def _spared() -> Iterator[None]:
    """Do without the cache while it fails: the database knows, and entries do not live long."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each implementation has its own
        _log.warning("the session cache does not answer", error=type(error).__name__)


def _row(session: Session, digests: Digests) -> Mapping[str, object]:
    return {
        "id": session.id,
        "account_id": session.account_id,
        "created_at": session.created_at,
        "last_active_at": session.last_active_at,
        "expires_at": session.expires_at,
        "user_agent": session.user_agent,
        "ip_address": session.ip_address,
        "auth_method": session.auth_method.value,
        "auth_time": session.auth_time,
        "page_digest": digests.page,
        "lineage_digest": digests.lineage,
        "refresh_digest": digests.refresh,
    }


def _session(row: Row) -> Session:
    return Session(
        id=row[0],
        account_id=row[1],
        created_at=row[2],
        last_active_at=row[3],
        expires_at=row[4],
        ended_at=row[5],
        user_agent=row[6],
        ip_address=row[7],
        auth_method=_METHODS[row[8]],
        auth_time=row[9],
    )


def _kept(row: Row) -> Kept:
    email, username, display_name, role, status = row[13:18]
    owner = Owner(row[1], email, username, display_name, _ROLES[role], _STATUSES[status])
    return Kept(_session(row), Digests(row[10], row[11], row[12]), owner)


_METHODS: Final = {member.value: member for member in LoginMethod}
_ROLES: Final = {member.value: member for member in Role}
_STATUSES: Final = {member.value: member for member in AccountStatus}
