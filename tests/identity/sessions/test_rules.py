from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.catalogue.outcomes import LoginMethod, SessionCheck, SessionRefresh
from gatewatch.identity.accounts.rules import AccountStatus, Role
from gatewatch.identity.sessions.rules import (
    Digests,
    Kept,
    Owner,
    PageToken,
    RefreshToken,
    Session,
    is_due,
    judge_check,
    judge_refresh,
    opens,
    parse_page_token,
    parse_refresh_token,
)
from gatewatch.kernel.ids import AccountId, SessionId
from gatewatch.kernel.secrets import digest

START = datetime(2026, 2, 8, 10, tzinfo=UTC)
IDLE = timedelta(hours=24)
ID = SessionId("ses_" + "0" * 32)
LINEAGE, LATEST, SPENT, PAGE = "L" * 43, "R" * 43, "S" * 43, "P" * 43
SESSION = Session(
    ID,
    AccountId("acc_1"),
    START,
    START,
    START + timedelta(days=30),
    None,
    "curl/8.5.0",
    "198.51.100.7",
    LoginMethod.PASSWORD,
    START,
)
OWNER = Owner(AccountId("acc_1"), "ada@example.com", None, None, Role.USER, AccountStatus.ACTIVE)
OPEN = Kept(SESSION, Digests(digest(PAGE), digest(LINEAGE), digest(LATEST)), OWNER)
ENDED = replace(OPEN, session=replace(SESSION, ended_at=START))
DISABLED = replace(OPEN, owner=replace(OWNER, status=AccountStatus.DISABLED))
SOON, TOMORROW = START + timedelta(minutes=5), START + timedelta(hours=24)
BUSY = replace(OPEN, session=replace(SESSION, last_active_at=START + timedelta(days=30)))


@pytest.mark.parametrize(
    ("kept", "now", "expected"),
    [
        (None, SOON, SessionCheck.MALFORMED),
        (OPEN, SOON, SessionCheck.VALID),
        (OPEN, TOMORROW, SessionCheck.EXPIRED),
        (OPEN, TOMORROW - timedelta(microseconds=1), SessionCheck.VALID),
        (BUSY, START + timedelta(days=30), SessionCheck.EXPIRED),
        (ENDED, SOON, SessionCheck.ENDED),
        (ENDED, TOMORROW, SessionCheck.ENDED),
        (DISABLED, SOON, SessionCheck.DISABLED),
    ],
)
def test_what_a_session_earns(kept, now, expected):
    assert expected is judge_check(kept, now=now, idle_expiry=IDLE)


@pytest.mark.parametrize(
    ("kept", "lineage", "secret", "now", "expected"),
    [
        (None, LINEAGE, LATEST, SOON, SessionRefresh.UNKNOWN),
        (OPEN, LINEAGE, LATEST, SOON, SessionRefresh.REFRESHED),
        (OPEN, LINEAGE, SPENT, SOON, SessionRefresh.REPLAYED),
        (OPEN, SPENT, LATEST, SOON, SessionRefresh.UNKNOWN),
        (OPEN, SPENT, SPENT, SOON, SessionRefresh.UNKNOWN),
        (OPEN, LINEAGE, LATEST, TOMORROW, SessionRefresh.EXPIRED),
        (OPEN, LINEAGE, SPENT, TOMORROW, SessionRefresh.REPLAYED),
        (ENDED, LINEAGE, LATEST, SOON, SessionRefresh.ENDED),
        (ENDED, LINEAGE, SPENT, SOON, SessionRefresh.ENDED),
        (DISABLED, LINEAGE, LATEST, SOON, SessionRefresh.DISABLED),
        (DISABLED, LINEAGE, SPENT, SOON, SessionRefresh.REPLAYED),
    ],
)
def test_what_a_refresh_token_earns(kept, lineage, secret, now, expected):
    token = RefreshToken(ID, lineage, secret)
    assert expected is judge_refresh(kept, token, now=now, idle_expiry=IDLE)


def test_a_page_cookie_opens_its_own_session_alone():
    assert opens(OPEN, PageToken(ID, PAGE))
    assert not opens(OPEN, PageToken(ID, LATEST))


def test_a_refresh_token_is_read_as_it_was_written():
    token = RefreshToken(ID, LINEAGE, LATEST)
    assert token == parse_refresh_token(str(token))


@given(st.text())
def test_no_text_breaks_the_parsers(text):
    assert parse_page_token(text) is None
    assert parse_refresh_token(text) is None


def test_last_activity_is_noted_once_a_minute():
    assert not is_due(SESSION, START + timedelta(seconds=59))
    assert is_due(SESSION, START + timedelta(seconds=60))
