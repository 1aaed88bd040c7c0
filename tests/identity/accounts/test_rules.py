from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.identity.accounts.rules import (
    Account,
    AccountStatus,
    Disabling,
    Flaw,
    Names,
    Role,
    is_email,
    judge_disabling,
    name,
    normalised,
    permissions,
)
from gatewatch.kernel.ids import AccountId


def account(role=Role.USER, status=AccountStatus.ACTIVE) -> Account:
    at = datetime(2026, 2, 8, 10, tzinfo=UTC)
    return Account(AccountId("acc_1"), "ada@example.com", "ada", "Ada", role, status, at)


@pytest.mark.parametrize(
    ("who", "active_admins", "expected"),
    [
        (None, 1, Disabling.UNKNOWN),
        (account(), 1, Disabling.DISABLED),
        (account(), 0, Disabling.DISABLED),
        (account(status=AccountStatus.DISABLED), 1, Disabling.ALREADY_DISABLED),
        (account(Role.ADMIN), 2, Disabling.DISABLED),
        (account(Role.ADMIN), 1, Disabling.LAST_ADMIN),
        (account(Role.ADMIN, AccountStatus.DISABLED), 1, Disabling.ALREADY_DISABLED),
    ],
)
def test_someone_must_be_left_to_enable_an_account_again(who, active_admins, expected):
    assert expected is judge_disabling(who, active_admins=active_admins)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("admin@localhost", "admin@localhost"),
        ("Zoe\u0308@example.com", "zo\u00eb@example.com"),
    ],
)
def test_an_email_has_one_spelling(typed, kept):
    assert Names(kept, None, None) == name(typed, None, None)


@given(st.text(max_size=40))
def test_a_spelling_once_normalised_stays(text):
    assert normalised(text) == normalised(normalised(text))


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a b@example.com",
        "ada@@example.com",
        "ada@exa\0mple.com",
        "ada@exam\u202eple.com",
        "ada@example.com\udc80",
        f"{'a' * 251}@b.c",
    ],
)
def test_what_is_no_email_is_refused(email):
    assert Flaw.EMAIL is name(email, None, None)


@pytest.mark.parametrize("username", ["a@b", "ada lovelace", ".ada", "ada-", "ad\u00e4", "a" * 65])
def test_what_is_no_username_is_refused(username):
    assert Flaw.USERNAME is name("ada@example.com", username, None)


@pytest.mark.parametrize("username", ["A", "Ada", "ada.lovelace-2_x"])
def test_a_username_is_kept_in_lower_case(username):
    assert Names("ada@example.com", username.lower(), None) == name(
        "ada@example.com", username, None
    )


@pytest.mark.parametrize("display_name", ["a" * 201, "Ada\nLovelace", "Ada\u202e", " \t "])
def test_a_display_name_that_cannot_be_shown_is_refused(display_name):
    assert Flaw.DISPLAY_NAME is name("ada@example.com", None, display_name)


def test_no_username_can_be_taken_for_an_email():
    assert is_email("ada@example.com")
    assert not is_email("ada")


def test_an_administrator_may_do_all_that_a_user_may():
    assert set(permissions(Role.USER)) < set(permissions(Role.ADMIN))
