"""What a device's grant is, what its codes look like, and what a poll earns.

::

    PENDING --approve--> APPROVED --redeem--> REDEEMED --again--> what it issued is revoked
       '-----deny------> DENIED

Nothing but DENIED and REDEEMED outlives the grant's expiry.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from gatewatch.catalogue.outcomes import DevicePoll, UserCodeLookup
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, GrantId
from gatewatch.kernel.secrets import Entropy, digest, same
from gatewatch.protocol.scopes import Scopes

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of a user code: no vowels, so no words; nothing that looks like another (section 6.1)."""

USER_CODE_LENGTH: Final = 8
"""Letters in a user code: 20^8, or 34.5 bits of entropy, as section 6.1 has it."""

SLOWER_BY: Final = 5
"""Seconds that each early poll adds to the interval (section 3.5)."""

_EVEN: Final = 256 - 256 % len(ALPHABET)
"""Bytes from here on are drawn again: they would favour the first letters."""


class GrantState(StrEnum):
    """Where a device's grant is in its life."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a device asked for, and what became of it. `owner_active` says so of its account."""

    id: GrantId
    digest: bytes = field(repr=False)
    client_id: ClientId
    scope: Scopes
    state: GrantState
    family_id: FamilyId
    account_id: AccountId | None
    auth_time: datetime | None
    expires_at: datetime
    owner_active: bool


@dataclass(frozen=True, slots=True)
class PendingGrant:
    """What its person is shown before they decide: who asks for what, and from where."""

    id: GrantId
    client_id: ClientId
    client_name: str
    scope: Scopes
    address: str | None
    user_agent: str | None
    asked_at: datetime
    expires_at: datetime
    state: GrantState
    client_active: bool


def judge(grant: Grant | None, presented: str, client_id: ClientId, now: datetime) -> DevicePoll:
    """Decide a poll, before its cadence is looked at."""
    if grant is None or not is_it(grant, presented) or grant.client_id != client_id:
        return DevicePoll.UNKNOWN
    match grant.state:
        case GrantState.REDEEMED:
            return DevicePoll.REPLAYED
        case GrantState.DENIED:
            return DevicePoll.DENIED
        case _ if now >= grant.expires_at:
            return DevicePoll.EXPIRED
        case _ if not grant.owner_active:
            return DevicePoll.DENIED
        case GrantState.PENDING:
            return DevicePoll.PENDING
        case GrantState.APPROVED:
            return DevicePoll.GRANTED
        case _:
            assert_never(grant.state)


def keeps_cadence(poll: DevicePoll) -> bool:
    """Whether a poll must not come too soon: a final answer outranks the cadence."""
    return poll in {DevicePoll.PENDING, DevicePoll.GRANTED}


def judge_user_code(grant: PendingGrant | None, now: datetime) -> UserCodeLookup:
    """Decide what a code that a person typed leads to."""
    if grant is None or not grant.client_active:
        return UserCodeLookup.UNKNOWN
    if grant.state is not GrantState.PENDING:
        return UserCodeLookup.ALREADY_USED
    return UserCodeLookup.FOUND if now < grant.expires_at else UserCodeLookup.EXPIRED


def grant_id_of(device_code: str) -> GrantId | None:
    """Which grant a device code claims to be of; whether it is, its digest says."""
    named, dot, secret = device_code.partition(".")
    return GrantId(named) if dot and secret else None


def is_it(grant: Grant, device_code: str) -> bool:
    """Whether a device code is this grant's, compared in constant time."""
    return same(grant.digest, digest(device_code))


def draw_user_code(entropy: Entropy) -> str:
    """A fresh user code, each letter as likely as the next."""
    letters = ""
    while len(letters) < USER_CODE_LENGTH:
        drawn = (byte for byte in entropy.bytes(USER_CODE_LENGTH) if byte < _EVEN)
        letters += "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn)
    return letters[:USER_CODE_LENGTH]


def shown(user_code: str) -> str:
    """How a user code is shown: ``WDJB-MJHT`` (section 6.1)."""
    half = USER_CODE_LENGTH // 2
    return f"{user_code[:half]}-{user_code[half:]}"


def parse_user_code(typed: str) -> str | None:
    """The code someone typed, whatever its case and punctuation (section 6.1); None if it is none.

    Nothing is guessed: a letter that no code has makes it none.
    """
    letters = "".join(character for character in typed.upper() if character.isalnum())
    sound = len(letters) == USER_CODE_LENGTH and set(letters) <= set(ALPHABET)
    return letters if sound else None
