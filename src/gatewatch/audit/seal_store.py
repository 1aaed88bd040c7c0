"""Where the tree is kept: its leaves in their order, its heads, its checkpoints, and its key.

A leaf is never changed and never removed, whatever becomes of its event. Its position is given
when it is sealed, for the ids of events do not become visible in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)

from gatewatch.audit.leaf import leaf_hash
from gatewatch.audit.row import AuditRow
from gatewatch.audit.store import audit_logs
from gatewatch.backends.database import (
    Change,
    Database,
    Digest,
    Document,
    Guard,
    Insert,
    Moment,
    Statement,
    Work,
    metadata,
)
from gatewatch.catalogue.events.audit import AuditPurged

audit_keys: Final = Table(
    "audit_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_key", Digest, nullable=False),
    Column("private_key", Digest, nullable=False),
    Column("created_at", Moment, nullable=False),
)
audit_trees: Final = Table(
    "audit_trees",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("emitters", Document, nullable=False),
    Column("begun_at", Moment, nullable=False),
)
audit_seals: Final = Table(
    "audit_seals",
    metadata,
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("event_id", Text, nullable=False, unique=True),
    Column("digest", Digest, nullable=False),
    Column("salt", Digest),
    Column("taken", Document),
)
audit_checkpoints: Final = Table(
    "audit_checkpoints",
    metadata,
    Column("epoch", Integer, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("peaks", Digest, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

_l: Final = audit_logs.c
_k: Final = audit_keys.c
_t: Final = audit_trees.c
_s: Final = audit_seals.c
_p: Final = audit_checkpoints.c


@dataclass(frozen=True, slots=True)
class KeyRow:
    """The key that signs checkpoints, as it rests."""

    id: str
    public: bytes
    sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One epoch's tree."""

    epoch: int
    origin: str
    key_id: str
    first: int
    """The position of its first leaf."""
    size: int
    emitters: dict[str, Any]
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class SealRow:
    """A leaf: which event stands at a position, and what is needed to hash it."""

    position: int
    event_id: str
    digest: bytes
    salt: bytes | None
    taken: dict[str, Any] | None

    @property
    def leaf_hash(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.event_id, self.digest)


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A signed checkpoint, with the peaks of its tree."""

    epoch: int
    size: int
    peaks: bytes
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events one after another, by their ids: where they end, and how many they are."""

    end: str
    events: int
    unsealed: list[AuditRow]


def _bound(name: str, column: Column[Any]) -> Any:
    return bindparam(name, type_=column.type)


_MOST: Final = bindparam("most", type_=Integer)
_ADD_KEY: Final = Insert(audit_keys)
_ADD_TREE: Final = Insert(audit_trees)
_ADD_SEAL: Final = Insert(audit_seals)
_ADD_CHECKPOINT: Final = Insert(audit_checkpoints)
_LATER: Final = audit_trees.alias("later")
_GROW: Final = Guard(
    audit_trees,
    key=_t.epoch,
    where=and_(
        _t.size == _bound("judged", _t.size),
        ~exists(select(_LATER.c.epoch).where(_LATER.c.epoch > _t.epoch)),
    ),
    values={"size": _bound("grown", _t.size), "emitters": _bound("emitters", _t.emitters)},
)
_KEY: Final = Statement(select(audit_keys).where(_k.id == _bound("key_id", _k.id)))
_TREES: Final = Statement(select(audit_trees).order_by(_t.epoch))
_TREE: Final = Statement(select(audit_trees).order_by(_t.epoch.desc()).limit(1))
_CHECKPOINT: Final = Statement(
    select(audit_checkpoints)
    .where(_p.epoch == _bound("epoch", _p.epoch), _p.size <= _bound("size", _p.size))
    .order_by(_p.size.desc())
    .limit(1)
)
_CHECKPOINT_OVER: Final = Statement(
    select(audit_checkpoints)
    .where(_p.epoch == _bound("epoch", _p.epoch), _p.size > _bound("size", _p.size))
    .order_by(_p.size)
    .limit(1)
)
_CHECKPOINTS: Final = Statement(
    select(audit_checkpoints)
    .where(_p.epoch == _bound("epoch", _p.epoch), _p.size > _bound("after", _p.size))
    .order_by(_p.size)
    .limit(_MOST)
)
_SEAL_OF: Final = Statement(
    select(audit_seals).where(_s.event_id == _bound("event_id", _s.event_id))
)
_BETWEEN: Final = (
    _s.position >= _bound("start", _s.position),
    _s.position < _bound("end", _s.position),
)
_SEALS: Final = Statement(select(audit_seals).where(*_BETWEEN).order_by(_s.position))
_SEALED: Final = Statement(
    select(audit_seals, audit_logs)
    .select_from(audit_seals.outerjoin(audit_logs, _l.id == _s.event_id))
    .where(*_BETWEEN)
    .order_by(_s.position)
)
_LAST: Final = Statement(select(func.max(_s.position)))
_FIRST_SINCE: Final = Statement(
    select(func.min(_s.position))
    .select_from(audit_logs.join(audit_seals, _l.id == _s.event_id))
    .where(_l.created_at >= _bound("moment", _l.created_at))
)
_NEXT: Final = (
    select(_l.id).where(_l.id > _bound("after", _l.id)).order_by(_l.id).limit(_MOST).subquery()
)
_END: Final = Statement(select(func.max(_NEXT.c.id), func.count()))
_UNSEALED: Final = Statement(
    select(audit_logs)
    .select_from(audit_logs.outerjoin(audit_seals, _l.id == _s.event_id))
    .where(
        _l.id > _bound("after", _l.id),
        _l.id <= _bound("upto", _l.id),
        _s.event_id.is_(None),
    )
    .order_by(_l.id)
)
_PURGES: Final = Statement(
    select(_l.metadata)
    .select_from(audit_logs.join(audit_seals, _l.id == _s.event_id))
    .where(_l.event_type == AuditPurged.type)
)
_OF_EMITTER: Final = Statement(
    select(_l.sequence).where(_l.emitter == _bound("emitter", _l.emitter)).order_by(_l.sequence)
)
_TAKE: Final = Statement(
    update(audit_seals)
    .where(_s.event_id == _bound("event_id", _s.event_id))
    .values(salt=None, taken=_bound("kept", _s.taken))
)
_FORGET: Final = Statement(
    update(audit_logs)
    .where(_l.id == _bound("event_id", _l.id))
    .values(
        actor_name=_bound("actor_name", _l.actor_name),
        ip_address=_bound("ip_address", _l.ip_address),
        request_path=_bound("request_path", _l.request_path),
        resource_name=_bound("resource_name", _l.resource_name),
        user_agent=_bound("user_agent", _l.user_agent),
        metadata=_bound("rest", _l.metadata),
    )
)


async def key(database: Database, key_id: str) -> KeyRow | None:
    """The key with this id."""
    row = await database.look.one(_KEY, key_id=key_id)
    return None if row is None else KeyRow(*row)


async def trees(database: Database) -> list[TreeRow]:
    """Every epoch's tree, oldest first."""
    return [TreeRow(*row) for row in await database.scan(_TREES)]


async def tree(database: Database) -> TreeRow | None:
    """The tree that grows: the newest epoch's."""
    row = await database.look.one(_TREE)
    return None if row is None else TreeRow(*row)


async def checkpoint(database: Database, epoch: int, size: int) -> CheckpointRow | None:
    """The newest checkpoint of a tree of at most so many leaves."""
    row = await database.look.one(_CHECKPOINT, epoch=epoch, size=size)
    return None if row is None else CheckpointRow(*row)


async def checkpoint_over(database: Database, epoch: int, index: int) -> CheckpointRow | None:
    """The first checkpoint that holds the leaf with this index."""
    row = await database.look.one(_CHECKPOINT_OVER, epoch=epoch, size=index)
    return None if row is None else CheckpointRow(*row)


async def checkpoints(
    database: Database, epoch: int, *, after: int, most: int
) -> list[CheckpointRow]:
    """Checkpoints of a tree in their order, after the one of a size."""
    rows = await database.scan(_CHECKPOINTS, epoch=epoch, after=after, most=most)
    return [CheckpointRow(*row) for row in rows]


async def seal_of(database: Database, event_id: str) -> SealRow | None:
    """The leaf of an event."""
    row = await database.look.one(_SEAL_OF, event_id=event_id)
    return None if row is None else SealRow(*row)


async def seals(database: Database, start: int, end: int) -> list[SealRow]:
    """Leaves from one position to before another."""
    return [SealRow(*row) for row in await database.scan(_SEALS, start=start, end=end)]


async def sealed(database: Database, start: int, end: int) -> list[tuple[SealRow, AuditRow | None]]:
    """Leaves from one position to before another, with those of their events that are there."""
    rows = await database.scan(_SEALED, start=start, end=end)
    return [(SealRow(*row[:5]), None if row[5] is None else AuditRow(*row[5:])) for row in rows]


async def last_position(database: Database) -> int:
    """The position of the last leaf; -1 if there is none."""
    ((position,),) = await database.scan(_LAST)
    return -1 if position is None else int(position)


async def first_position_since(database: Database, moment: datetime) -> int | None:
    """The least position of an event from a moment on; reads all of them."""
    ((position,),) = await database.scan(_FIRST_SINCE, moment=moment)
    return None if position is None else int(position)


async def stretch(database: Database, *, after: str, most: int) -> Stretch:
    """The next so many events after an id, and which of them are not sealed."""
    ((end, events),) = await database.scan(_END, after=after, most=most)
    if not events:
        return Stretch(after, 0, [])
    rows = await database.scan(_UNSEALED, after=after, upto=end)
    return Stretch(end, events, [AuditRow(*row) for row in rows])


async def purges(database: Database) -> list[dict[str, Any]]:
    """What the sealed log says of its purges."""
    return [said for (said,) in await database.scan(_PURGES)]


async def sequences(database: Database, emitter: str) -> list[int]:
    """The numbers of a process's events that are there; reads the whole log."""
    return [number for (number,) in await database.scan(_OF_EMITTER, emitter=emitter)]


def beginning(tree: TreeRow, key: KeyRow | None, after: TreeRow | None) -> Change:
    """What begins an epoch, with its key if that is new, if the tree before it is as judged."""
    change = Change()
    if after is not None:
        same = {"judged": after.size, "grown": after.size, "emitters": after.emitters}
        change = Change((_GROW, {"key": after.epoch, **same}))
    if key is not None:
        change.add(
            _ADD_KEY,
            {
                "id": key.id,
                "public_key": key.public,
                "private_key": key.sealed,
                "created_at": key.created_at,
            },
        )
    change.add(
        _ADD_TREE,
        {
            "epoch": tree.epoch,
            "origin": tree.origin,
            "key_id": tree.key_id,
            "first_position": tree.first,
            "size": tree.size,
            "emitters": tree.emitters,
            "begun_at": tree.begun_at,
        },
    )
    return change


def growth(
    epoch: int,
    judged: int,
    emitters: dict[str, Any],
    leaves: Sequence[SealRow],
    checkpoint: CheckpointRow,
) -> Change:
    """What makes a tree grow, if it is the newest, and still has the size that was judged."""
    change = Change(
        (_GROW, {"key": epoch, "judged": judged, "grown": checkpoint.size, "emitters": emitters})
    )
    for leaf in leaves:
        change.add(_ADD_SEAL, _columns(leaf))
    change.add(_ADD_CHECKPOINT, _columns(checkpoint))
    return change


async def take(work: Work, event_id: str, kept: dict[str, Any], rest: AuditRow) -> None:
    """Have only so much of an event left, and so much of its salt."""
    await work.run(_TAKE, event_id=event_id, kept=kept)
    await work.run(
        _FORGET,
        event_id=event_id,
        actor_name=rest.actor_name,
        ip_address=rest.ip_address,
        request_path=rest.request_path,
        resource_name=rest.resource_name,
        user_agent=rest.user_agent,
        rest=rest.metadata,
    )


def _columns(row: SealRow | CheckpointRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).__slots__}
