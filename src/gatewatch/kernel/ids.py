"""Ids: prefixed with their kind, ordered by time, impossible to guess.

``acc_019a7c52e8f19c4b6a1d2e3f40516273``: three letters for the kind, then 48 bits of Unix
milliseconds and 80 random bits in hexadecimal, so that rows made together lie together.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NewType, TypeVar

from gatewatch.kernel.secrets import Entropy

AccountId = NewType("AccountId", str)
ClientId = NewType("ClientId", str)
SessionId = NewType("SessionId", str)
TokenId = NewType("TokenId", str)
FamilyId = NewType("FamilyId", str)
GrantId = NewType("GrantId", str)
EventId = NewType("EventId", str)
RequestId = NewType("RequestId", str)
SinkId = NewType("SinkId", str)

MadeId = TypeVar("MadeId", bound=str)

ID_LENGTH: Final = 36
"""Characters in an id: as long as a UUID, so it fits wherever those did."""

_RANDOM_BYTES: Final = 10


def account_id(now: datetime, entropy: Entropy) -> AccountId:
    """A new account's id."""
    return AccountId(_mint("acc", now, entropy))


def client_id(now: datetime, entropy: Entropy) -> ClientId:
    """A new OAuth client's id."""
    return ClientId(_mint("cli", now, entropy))


def session_id(now: datetime, entropy: Entropy) -> SessionId:
    """A new session's id."""
    return SessionId(_mint("ses", now, entropy))


def token_id(now: datetime, entropy: Entropy) -> TokenId:
    """A new token's id; for an access token also its ``jti`` (RFC 7519 section 4.1.7)."""
    return TokenId(_mint("tok", now, entropy))


def family_id(now: datetime, entropy: Entropy) -> FamilyId:
    """A new family: all tokens that descend from one grant."""
    return FamilyId(_mint("fam", now, entropy))


def grant_id(now: datetime, entropy: Entropy) -> GrantId:
    """A new device grant's id."""
    return GrantId(_mint("dvc", now, entropy))


def event_id(now: datetime, entropy: Entropy) -> EventId:
    """A new audit event's id."""
    return EventId(_mint("evt", now, entropy))


def sink_id(now: datetime, entropy: Entropy) -> SinkId:
    """A new audit sink's id."""
    return SinkId(_mint("snk", now, entropy))


def request_id(now: datetime, entropy: Entropy) -> RequestId:
    """A new request's id."""
    return RequestId(_mint("req", now, entropy))


def export_id(now: datetime, entropy: Entropy) -> str:
    """A new id for an export of the audit log."""
    return _mint("exp", now, entropy)


def search_id(now: datetime, entropy: Entropy) -> str:
    """A new id for a saved search."""
    return _mint("sch", now, entropy)


def hold_id(now: datetime, entropy: Entropy) -> str:
    """A new id for a legal hold on audit events."""
    return _mint("hld", now, entropy)


def emitter_name(now: datetime, entropy: Entropy) -> str:
    """A name for a process that records events, which no other ever had or will have."""
    return _mint("emt", now, entropy)


def earliest(made: Callable[[datetime, Entropy], MadeId], moment: datetime) -> MadeId:
    """The least id of a kind that could be made at a moment, as in ``earliest(token_id, now)``."""
    return made(moment, _Zeroes())


class _Zeroes:
    def bytes(self, count: int) -> bytes:
        return bytes(count)


def _mint(kind: str, now: datetime, entropy: Entropy) -> str:
    milliseconds = int(now.timestamp() * 1000)
    return f"{kind}_{milliseconds:012x}{entropy.bytes(_RANDOM_BYTES).hex()}"
