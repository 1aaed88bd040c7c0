"""How clients are kept."""

from functools import lru_cache
from typing import Final

from sqlalchemy import Column, Table, Text, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gatewatch.backends.database import Digest, Lookup, Moment, Row, Statement, metadata
from gatewatch.catalogue.outcomes import GrantType
from gatewatch.kernel.ids import ClientId
from gatewatch.oauth.clients.rules import Client, ClientStatus, ClientType
from gatewatch.protocol.scopes import kept_scope, scope_text

oauth_clients: Final = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("grant_types", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("secret_digest", Digest),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""Lists are words with spaces between them: none of grants, scopes and URIs has a space in it."""

_c: Final = oauth_clients.c
_client: Final = select(
    _c.id,
    _c.name,
    _c.type,
    _c.status,
    _c.grant_types,
    _c.scope,
    _c.redirect_uris,
    _c.secret_digest,
    _c.created_at,
)

BY_ID: Final = Lookup(_client, key=_c.id)

PAGE: Final = Statement(
    _client.where(_c.id > bindparam("after", type_=Text)).order_by(_c.id).limit(bindparam("size"))
)

ADD_IF_ABSENT: Final = Statement(
    insert(oauth_clients),
    sqlite=sqlite_insert(oauth_clients).on_conflict_do_nothing(),
    postgres=postgres_insert(oauth_clients).on_conflict_do_nothing(),
)
"""Writes no row when the id is taken."""

MOVE: Final = Statement(
    update(oauth_clients)
    .where(
        _c.id == bindparam("client_id", type_=Text), _c.status == bindparam("before", type_=Text)
    )
    .values(status=bindparam("after", type_=Text), updated_at=bindparam("now", type_=Moment))
)
"""The guard: a client moves on if it is still in the state that was judged."""


def client_of(row: Row) -> Client:
    """The client that a row holds."""
    return Client(
        ClientId(row[0]),
        row[1],
        _TYPES[row[2]],
        _STATUSES[row[3]],
        _grant_types(row[4]),
        kept_scope(row[5]),
        tuple(row[6].split()),
        row[7],
        row[8],
    )


def row_of(client: Client) -> dict[str, object]:
    """A new client as a row."""
    return {
        "id": client.id,
        "name": client.name,
        "type": client.type,
        "status": client.status,
        "grant_types": " ".join(client.grant_types),
        "scope": scope_text(client.scope),
        "redirect_uris": " ".join(client.redirect_uris),
        "secret_digest": client.secret_digest,
        "created_at": client.created_at,
        "updated_at": client.created_at,
    }


_TYPES: Final = {member.value: member for member in ClientType}
_STATUSES: Final = {member.value: member for member in ClientStatus}


@lru_cache(maxsize=64)
def _grant_types(text: str) -> tuple[GrantType, ...]:
    return tuple(GrantType(word) for word in text.split())
