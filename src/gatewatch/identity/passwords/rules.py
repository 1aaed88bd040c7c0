"""What a password must be, and what presenting one showed."""

from enum import Enum, auto
from unicodedata import category


class PasswordCheck(Enum):
    """What presenting a password showed."""

    MATCHED = auto()
    MISMATCHED = auto()
    ABSENT = auto()
    """The account has no password, or there is no account."""


def flaw(password: str, *, at_least: int, at_most: int) -> str | None:
    """What is wrong with a new password, as its owner is told.

    Its length is what counts; nothing is asked of what it is composed of
    (NIST SP 800-63B section 3.1.1.2).
    """
    if len(password) < at_least:
        return f"A password has at least {at_least} characters."
    if len(password) > at_most:
        return f"A password has at most {at_most} characters."
    if any(category(character) in {"Cc", "Cs"} for character in password):
        return "A password holds no control characters."
    return None
