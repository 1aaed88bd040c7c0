from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatewatch.catalogue.outcomes import LoginOutcome
from gatewatch.identity.accounts.rules import Account, AccountStatus, Role
from gatewatch.identity.login.rules import Admit, Refuse, next_step
from gatewatch.identity.passwords.rules import PasswordCheck
from gatewatch.kernel.ids import AccountId

ADA = Account(
    AccountId("acc_1"),
    "ada@example.com",
    None,
    None,
    Role.USER,
    AccountStatus.ACTIVE,
    datetime(2026, 2, 8, 10, tzinfo=UTC),
)
DISABLED = replace(ADA, status=AccountStatus.DISABLED)


@pytest.mark.parametrize(
    ("account", "check", "step"),
    [
        (None, PasswordCheck.ABSENT, Refuse(LoginOutcome.UNKNOWN_ACCOUNT)),
        (ADA, PasswordCheck.ABSENT, Refuse(LoginOutcome.NO_PASSWORD)),
        (ADA, PasswordCheck.MISMATCHED, Refuse(LoginOutcome.WRONG_PASSWORD)),
        (ADA, PasswordCheck.MATCHED, Admit(ADA)),
        (DISABLED, PasswordCheck.MISMATCHED, Refuse(LoginOutcome.DISABLED)),
        (DISABLED, PasswordCheck.MATCHED, Refuse(LoginOutcome.DISABLED)),
    ],
)
def test_only_the_right_password_of_an_active_account_admits(account, check, step):
    assert step == next_step(account, check)
