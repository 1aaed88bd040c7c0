"""What comes next for someone who signs in."""

from dataclasses import dataclass
from typing import assert_never

from gatewatch.catalogue.outcomes import LoginOutcome
from gatewatch.identity.accounts.rules import Account
from gatewatch.identity.passwords.rules import PasswordCheck


@dataclass(frozen=True, slots=True)
class Admit:
    """Open a session."""

    account: Account


@dataclass(frozen=True, slots=True)
class Refuse:
    """Turn them away, without saying why."""

    outcome: LoginOutcome


Step = Admit | Refuse
"""What comes next. A second factor will be a step of its own."""


def next_step(account: Account | None, check: PasswordCheck) -> Step:
    """Decide what a password earns.

    That an account is disabled outranks a wrong password only for the record: outside, all
    refusals are alike.
    """
    if account is None:
        return Refuse(LoginOutcome.UNKNOWN_ACCOUNT)
    if not account.is_active:
        return Refuse(LoginOutcome.DISABLED)
    match check:
        case PasswordCheck.ABSENT:
            return Refuse(LoginOutcome.NO_PASSWORD)
        case PasswordCheck.MISMATCHED:
            return Refuse(LoginOutcome.WRONG_PASSWORD)
        case PasswordCheck.MATCHED:
            return Admit(account)
        case _:
            assert_never(check)
