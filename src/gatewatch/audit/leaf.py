"""What a leaf of the tree holds: an event's id, and a digest of all that it says.

::

    leaf    = SHA-256(0x00 | id | LF | digest)              RFC 6962 section 2.1
    digest  = SHA-256(content)
    content = JSON, names in order, without white space; what is null is left out
    mark    = hexadecimal SHA-256(SHA-256(salt | name) | JSON of the value)

In the content each value that may belong to a person is replaced by its mark: names, addresses,
user agents, paths, and each of the event's own fields. The salt is random, one for each event, and
gives each value a salt of its own. So values can be taken away later, and the salt with them: of
those, the marks are kept, which say nothing without the salt; of the others, their own salts; and
the proof still holds. Which values belong to a person is for the catalogue to say on the day; the
leaf does not depend on it.

The id stays outside of the content, and with it the millisecond of the event: of an event that was
let go, what is kept is its id and its digest.
"""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from gatewatch.audit import tree
from gatewatch.audit.row import AuditRow

SALT_BYTES: Final = 16
"""128 bits, so that nobody tries all values of a short field."""

MARKED: Final = ("actor_name", "ip_address", "request_path", "resource_name", "user_agent")
"""Columns that stand in the content as marks, as do all fields of the metadata."""

_BESIDE: Final = "metadata."
_MOST_NAMES: Final = 10_000


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an event's salt when values were taken away.

    By the name of a column, or of a field as ``metadata.<name>``; in hexadecimal.
    """

    marks: dict[str, str]
    """Of the values that were taken away."""
    salts: dict[str, str]
    """Of each value that is still there."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What is digested. The names are in the order of the alphabet, which is that of the JSON.

    A column that is added has a default, so that the digests of older events stay what they are.
    """

    action: str
    actor_id: str | None = None
    actor_name: str | None = None
    actor_type: str | None = None
    client_id: str | None = None
    created_at: datetime | None = None
    emitter: str | None = None
    event_type: str | None = None
    ip_address: str | None = None
    kept_before: int = 0
    metadata: dict[str, str | None] | None = None
    organization_id: str | None = None
    reason: str | None = None
    request_id: str | None = None
    request_method: str | None = None
    request_path: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None
    resource_type: str | None = None
    sequence: int | None = None
    session_id: str | None = None
    severity: str | None = None
    status: str | None = None
    trace_id: str | None = None
    user_agent: str | None = None


_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def own_salt(salt: bytes, name: str) -> bytes:
    """The salt of one value."""
    return sha256(salt + _OCTETS[name]).digest()


def mark(salt: bytes, value: object) -> str:
    """Stand for a value, by its own salt, without saying it."""
    written = _encode(value if type(value) in _PLAIN else settled(value))
    return sha256(salt + written).hexdigest()


def digest(row: AuditRow, salt: bytes | Taken) -> bytes:
    """Digest what an event says, by its salt or what was kept of it.

    Raises:
        ValueError: a value is there that was taken away, or one whose salt was not kept.
    """
    return sha256(content(row, salt)).digest()


def leaf_hash(event_id: str, digested: bytes) -> bytes:
    """The hash that stands in the tree for an event."""
    return tree.leaf_hash(b"%b\n%b" % (event_id.encode(), digested))


def content(row: AuditRow, salt: bytes | Taken) -> bytes:
    """Write down what is digested of an event."""
    marked = _kept if isinstance(salt, Taken) else _salted
    metadata = {name: marked(salt, _BESIDE + name, value) for name, value in row.metadata.items()}
    return _encode(
        Content(
            action=row.action,
            actor_id=row.actor_id,
            actor_name=marked(salt, "actor_name", row.actor_name),
            actor_type=row.actor_type,
            client_id=row.client_id,
            created_at=row.created_at,
            emitter=row.emitter,
            event_type=row.event_type,
            ip_address=marked(salt, "ip_address", row.ip_address),
            kept_before=row.kept_before,
            metadata=metadata or None,
            organization_id=row.organization_id,
            reason=row.reason,
            request_id=row.request_id,
            request_method=row.request_method,
            request_path=marked(salt, "request_path", row.request_path),
            resource_id=row.resource_id,
            resource_name=marked(salt, "resource_name", row.resource_name),
            resource_type=row.resource_type,
            sequence=row.sequence,
            session_id=row.session_id,
            severity=row.severity,
            status=row.status,
            trace_id=row.trace_id,
            user_agent=marked(salt, "user_agent", row.user_agent),
        )
    )


def take(row: AuditRow, salt: bytes | Taken, names: Collection[str]) -> Taken:
    """What to keep of a salt when values are taken away, by their names as in `Taken`."""
    if isinstance(salt, Taken):
        own = {name: bytes.fromhex(each) for name, each in salt.salts.items()}
        gone = salt.marks
    else:
        own = {name: own_salt(salt, name) for name, value in named(row) if value is not None}
        gone = {}
    taken = {
        name: mark(own[name], value) for name, value in named(row) if name in own and name in names
    }
    kept = {name: each.hex() for name, each in own.items() if name not in names}
    return Taken(gone | taken, kept)


def named(row: AuditRow) -> list[tuple[str, Any]]:
    """All values that stand in an event's content as marks, by their names as in `Taken`."""
    columns = [(name, getattr(row, name)) for name in MARKED]
    return columns + [(_BESIDE + name, value) for name, value in row.metadata.items()]


def settled(value: Any) -> Any:
    """The same value in the one spelling that both databases give it back in.

    A number that is whole is written as such: PostgreSQL tells 2.0 from 2, and 1e22 from neither.
    """
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: settled(each) for name, each in value.items()}
        case list() | tuple():
            return [settled(each) for each in value]
        case _:
            return value


class _Octets(dict[str, bytes]):
    """Names as they are hashed; there are as many as events have fields."""

    def __missing__(self, name: str) -> bytes:
        octets = name.encode()
        if len(self) < _MOST_NAMES:
            self[name] = octets
        return octets


_OCTETS: Final = _Octets()


def _salted(salt: Any, name: str, value: object) -> str | None:
    if value is None:
        return None
    written = _encode(value if type(value) in _PLAIN else settled(value))
    return sha256(sha256(salt + _OCTETS[name]).digest() + written).hexdigest()


def _kept(taken: Any, name: str, value: object) -> str | None:
    if value is None:
        gone: str | None = taken.marks.get(name)
        return gone
    if name not in taken.salts:
        raise ValueError(f"{name} has a value that was taken away")
    return mark(bytes.fromhex(taken.salts[name]), value)


_PLAIN: Final = frozenset({str, int, bool})
