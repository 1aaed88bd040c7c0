"""How tokens are kept: what they stand for, and their digests."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    Column,
    Index,
    Table,
    Text,
    and_,
    bindparam,
    column,
    or_,
    select,
    table,
    update,
)

from gatewatch.backends.database import (
    Digest,
    Guard,
    Insert,
    Lookup,
    Moment,
    Row,
    Statement,
    Sweep,
    metadata,
)
from gatewatch.catalogue.outcomes import TokenKind
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, TokenId
from gatewatch.kernel.secrets import digest
from gatewatch.oauth.tokens.rules import Grant, Token, TokenState
from gatewatch.protocol.scopes import kept_scope, scope_text

oauth_tokens: Final = Table(
    "oauth_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("family_id", Text),
    Column("client_id", Text, nullable=False),
    Column("account_id", Text),
    Column("digest", Digest, nullable=False),
    Column("scope", Text, nullable=False),
    Column("grant_type", Text, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("auth_time", Moment),
    # A row is found by its id and written in the order of ids: one tree instead of two.
    sqlite_with_rowid=False,
)
"""Without foreign keys: each would lock the busiest client's row at every token on Postgres."""

_c: Final = oauth_tokens.c

Index("ix_oauth_tokens_client_id", _c.client_id)
for _owner in (_c.family_id, _c.account_id):
    Index(
        f"ix_oauth_tokens_{_owner.name}",
        _owner,
        sqlite_where=_owner.is_not(None),
        postgresql_where=_owner.is_not(None),
    )

# Other slices' tables, of which only this much is looked at: whoever disables one of them cannot
# race a token that is being issued.
_clients: Final = table("oauth_clients", column("id", Text), column("status", Text))
_users: Final = table("users", column("id", Text), column("status", Text))
_owners_active: Final = and_(
    _clients.c.status == "active", or_(_c.account_id.is_(None), _users.c.status == "active")
)

BY_ID: Final = Lookup(
    select(
        _c.id,
        _c.kind,
        _c.state,
        _c.family_id,
        _c.client_id,
        _c.account_id,
        _c.digest,
        _c.scope,
        _c.issued_at,
        _c.expires_at,
        _c.auth_time,
        _owners_active,
    ).select_from(
        oauth_tokens.join(_clients, _clients.c.id == _c.client_id).outerjoin(
            _users, _users.c.id == _c.account_id
        )
    ),
    key=_c.id,
)

ADD: Final = Insert(oauth_tokens)

_is_active: Final = _c.state == TokenState.ACTIVE.value
_revoke: Final = update(oauth_tokens).where(_is_active).values(state=TokenState.REVOKED.value)

SPEND: Final = Guard(
    oauth_tokens, key=_c.id, where=_is_active, values={"state": TokenState.SPENT.value}
)
REVOKE: Final = Statement(_revoke.where(_c.id == bindparam("token_id", type_=Text)))
REVOKE_FAMILY: Final = Statement(_revoke.where(_c.family_id == bindparam("family_id", type_=Text)))
REVOKE_ACCOUNT: Final = Statement(
    _revoke.where(_c.account_id == bindparam("account_id", type_=Text))
)
REVOKE_CLIENT: Final = Statement(_revoke.where(_c.client_id == bindparam("client_id", type_=Text)))

EXPIRED: Final = Sweep(_c.id, _c.expires_at <= bindparam("before", type_=Moment))
"""A spent refresh token has its family's end: until then, its coming back must be noticed."""


def row_of(
    grant: Grant, kind: TokenKind, token_id: TokenId, text: str, issued_at: datetime, ends: datetime
) -> dict[str, object]:
    """A new token as a row; of its text, only the digest."""
    return {
        "id": token_id,
        "kind": kind.value,
        "state": TokenState.ACTIVE.value,
        "family_id": grant.family_id,
        "client_id": grant.client_id,
        "account_id": grant.account_id,
        "digest": digest(text),
        "scope": scope_text(grant.scope),
        "grant_type": grant.grant_type.value,
        "issued_at": issued_at,
        "expires_at": ends,
        "auth_time": grant.auth_time,
    }


def token_of(row: Row) -> Token:
    """The token that a row holds."""
    return Token(
        TokenId(row[0]),
        _KINDS[row[1]],
        _STATES[row[2]],
        FamilyId(row[3]) if row[3] else None,
        ClientId(row[4]),
        AccountId(row[5]) if row[5] else None,
        row[6],
        kept_scope(row[7]),
        row[8],
        row[9],
        row[10],
        bool(row[11]),
    )


_KINDS: Final = {member.value: member for member in TokenKind}
_STATES: Final = {member.value: member for member in TokenState}
