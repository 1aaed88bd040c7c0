"""How device grants are kept."""

from typing import Final

from sqlalchemy import (
    Column,
    Table,
    Text,
    bindparam,
    column,
    or_,
    select,
    table,
)

from gatewatch.backends.database import (
    Digest,
    Guard,
    Insert,
    Lookup,
    Moment,
    Row,
    Sweep,
    metadata,
)
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, GrantId
from gatewatch.oauth.device.rules import Grant, GrantState, PendingGrant
from gatewatch.protocol.scopes import kept_scope

device_grants: Final = Table(
    "device_grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Digest, nullable=False),
    Column("user_code_digest", Digest, nullable=False, unique=True),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("family_id", Text, nullable=False),
    Column("account_id", Text),
    Column("auth_time", Moment),
    Column("address", Text),
    Column("user_agent", Text),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_at", Moment),
)

_c: Final = device_grants.c

# Other slices' tables, of which only this much is looked at.
_clients: Final = table(
    "oauth_clients", column("id", Text), column("name", Text), column("status", Text)
)
_users: Final = table("users", column("id", Text), column("status", Text))

BY_ID: Final = Lookup(
    select(
        _c.id,
        _c.digest,
        _c.client_id,
        _c.scope,
        _c.state,
        _c.family_id,
        _c.account_id,
        _c.auth_time,
        _c.expires_at,
        or_(_c.account_id.is_(None), _users.c.status == "active"),
    ).select_from(device_grants.outerjoin(_users, _users.c.id == _c.account_id)),
    key=_c.id,
)

BY_USER_CODE: Final = Lookup(
    select(
        _c.id,
        _c.client_id,
        _clients.c.name,
        _c.scope,
        _c.address,
        _c.user_agent,
        _c.created_at,
        _c.expires_at,
        _c.state,
        _clients.c.status == "active",
    ).select_from(device_grants.join(_clients, _clients.c.id == _c.client_id)),
    key=_c.user_code_digest,
)

ADD: Final = Insert(device_grants)

REDEEM: Final = Guard(
    device_grants,
    key=_c.id,
    where=_c.state == GrantState.APPROVED.value,
    values={"state": GrantState.REDEEMED.value},
)

DECIDE: Final = Guard(
    device_grants,
    key=_c.id,
    where=_c.state == GrantState.PENDING.value,
    values={
        "state": bindparam("state", type_=Text),
        "account_id": bindparam("account_id", type_=Text),
        "auth_time": bindparam("auth_time", type_=Moment),
        "decided_at": bindparam("decided_at", type_=Moment),
    },
)

EXPIRED: Final = Sweep(_c.id, _c.expires_at <= bindparam("before", type_=Moment))


def grant_of(row: Row) -> Grant:
    """The grant that a row holds."""
    return Grant(
        GrantId(row[0]),
        row[1],
        ClientId(row[2]),
        kept_scope(row[3]),
        _STATES[row[4]],
        FamilyId(row[5]),
        AccountId(row[6]) if row[6] else None,
        row[7],
        row[8],
        bool(row[9]),
    )


def pending_of(row: Row) -> PendingGrant:
    """What a person is shown of the grant that a row holds."""
    return PendingGrant(
        GrantId(row[0]),
        ClientId(row[1]),
        row[2],
        kept_scope(row[3]),
        row[4],
        row[5],
        row[6],
        row[7],
        _STATES[row[8]],
        bool(row[9]),
    )


_STATES: Final = {member.value: member for member in GrantState}
