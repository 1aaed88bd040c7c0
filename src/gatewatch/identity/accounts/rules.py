"""What an account is, and what it may be called.

::

    ACTIVE --disable--> DISABLED        never the last active administrator
       ^                    |
       +------enable--------+
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Final, assert_never
from unicodedata import category, normalize

from gatewatch.kernel.actor import Actor
from gatewatch.kernel.ids import AccountId

EMAIL_LENGTH: Final = 254
"""Characters of an address that can be delivered to (RFC 5321 section 4.5.3.1.3, less <>)."""

USERNAME_LENGTH: Final = 64
"""Characters of a username; as many as a local part has (RFC 5321 section 4.5.3.1.1)."""

DISPLAY_NAME_LENGTH: Final = 200
"""Characters of a display name (IdentSphere's guide)."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_USERNAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Role(StrEnum):
    """What an account is trusted with."""

    USER = "user"
    AUDITOR = "auditor"
    """Reads the audit log, and nothing else."""
    ADMIN = "admin"


DEVICE_APPROVERS: Final = (Role.USER, Role.ADMIN)
"""Who may let a device sign in as themselves."""

AUDIT_READERS: Final = (Role.ADMIN, Role.AUDITOR)
"""Who may read the audit log."""


class AccountStatus(StrEnum):
    """Whether an account may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Flaw(StrEnum):
    """What is wrong with a new account's names, as its owner is told."""

    EMAIL = "The email must be an address such as ada@example.com, of at most 254 characters."
    USERNAME = (
        "The username must be 1 to 64 letters, digits, dots, dashes and underscores, "
        "beginning and ending with a letter or digit."
    )
    DISPLAY_NAME = "The display name must be at most 200 characters that can be shown."


class Disabling(Enum):
    """What asking to disable an account earns."""

    DISABLED = auto()
    UNKNOWN = auto()
    ALREADY_DISABLED = auto()
    LAST_ADMIN = auto()


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who may sign in."""

    id: AccountId
    email: str
    username: str | None
    display_name: str | None
    role: Role
    status: AccountStatus
    created_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether the account may sign in."""
        return self.status is AccountStatus.ACTIVE

    @property
    def actor(self) -> Actor:
        """The account as the one who did something."""
        return Actor.account(self.id, self.email)


@dataclass(frozen=True, slots=True)
class Names:
    """What a new account is called, in the one spelling that is kept."""

    email: str
    username: str | None
    display_name: str | None


def name(email: str, username: str | None, display_name: str | None) -> Names | Flaw:
    """Bring a new account's names into the spelling that is kept, or say what is wrong."""
    names = Names(
        email=normalised(email),
        username=normalised(username) if username else None,
        display_name=normalize("NFC", display_name).strip() if display_name else None,
    )
    if not _is_email(names.email):
        return Flaw.EMAIL
    if names.username is not None and not _is_username(names.username):
        return Flaw.USERNAME
    if names.display_name is not None and not _is_display_name(names.display_name):
        return Flaw.DISPLAY_NAME
    return names


def normalised(identifier: str) -> str:
    """The one spelling of an email or a username, however it was typed."""
    return normalize("NFC", normalize("NFC", identifier.strip()).lower())


def is_email(identifier: str) -> bool:
    """Whether someone signs in by email; a username has no @ in it."""
    return "@" in identifier


def judge_disabling(account: Account | None, *, active_admins: int) -> Disabling:
    """Decide whether an account can be disabled; someone must be left to enable it again."""
    if account is None:
        return Disabling.UNKNOWN
    match account.status:
        case AccountStatus.DISABLED:
            return Disabling.ALREADY_DISABLED
        case AccountStatus.ACTIVE if account.role is Role.ADMIN and active_admins <= 1:
            return Disabling.LAST_ADMIN
        case AccountStatus.ACTIVE:
            return Disabling.DISABLED
        case _:
            assert_never(account.status)


def permissions(role: Role) -> tuple[str, ...]:
    """What a role may do, as programs are told; the server decides anew at each request."""
    match role:
        case Role.USER:
            return _EVERYBODYS
        case Role.AUDITOR:
            return ("audit.read", "sessions.manage")
        case Role.ADMIN:
            return (*_EVERYBODYS, "audit.read", "clients.manage", "users.manage")
        case _:
            assert_never(role)


_EVERYBODYS: Final = ("devices.approve", "sessions.manage")


def _is_email(text: str) -> bool:
    return len(text) <= EMAIL_LENGTH and bool(_EMAIL.fullmatch(text)) and _is_shown(text)


def _is_username(text: str) -> bool:
    return len(text) <= USERNAME_LENGTH and bool(_USERNAME.fullmatch(text))


def _is_display_name(text: str) -> bool:
    return 0 < len(text) <= DISPLAY_NAME_LENGTH and _is_shown(text)


def _is_shown(text: str) -> bool:
    return not any(category(character) in _UNPRINTABLE for character in text)
