from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.catalogue.outcomes import GrantType, TokenCheck, TokenKind, TokenRefresh
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, TokenId
from gatewatch.kernel.secrets import digest
from gatewatch.oauth.tokens.rules import (
    LENGTH_LIMIT,
    Token,
    TokenState,
    judge_check,
    judge_refresh,
    may_outlast,
    may_see,
    token_id_of,
)

NOW = datetime(2026, 2, 8, 10, tzinfo=UTC)
TEXT = "tok_1.secret"
OWN, OTHER = ClientId("cli_1"), ClientId("cli_2")
TOKEN = Token(
    TokenId("tok_1"),
    TokenKind.REFRESH,
    TokenState.ACTIVE,
    FamilyId("fam_1"),
    OWN,
    AccountId("acc_1"),
    digest(TEXT),
    ("read", "write"),
    NOW,
    NOW + timedelta(minutes=15),
    NOW,
    owners_active=True,
)
SPENT = replace(TOKEN, state=TokenState.SPENT)
REVOKED = replace(TOKEN, state=TokenState.REVOKED)
DISABLED = replace(TOKEN, state=TokenState.DISABLED)
OVER = replace(TOKEN, expires_at=NOW)
ORPHANED = replace(TOKEN, owners_active=False)
ACCESS = replace(TOKEN, kind=TokenKind.ACCESS)


@pytest.mark.parametrize(
    ("token", "text", "expected"),
    [
        (None, TEXT, TokenCheck.UNKNOWN),
        (TOKEN, "tok_1.forged", TokenCheck.UNKNOWN),
        (TOKEN, TEXT, TokenCheck.ACTIVE),
        (SPENT, TEXT, TokenCheck.REVOKED),
        (REVOKED, TEXT, TokenCheck.REVOKED),
        (DISABLED, TEXT, TokenCheck.REVOKED),
        (OVER, TEXT, TokenCheck.EXPIRED),
        (ORPHANED, TEXT, TokenCheck.OWNER_DISABLED),
    ],
)
def test_a_token_asked_about_is_judged(token, text, expected):
    assert expected == judge_check(token, text, NOW)


@pytest.mark.parametrize(
    ("token", "text", "client", "asked", "expected"),
    [
        (None, TEXT, OWN, (), TokenRefresh.UNKNOWN),
        (TOKEN, "tok_1.forged", OWN, (), TokenRefresh.UNKNOWN),
        (ACCESS, TEXT, OWN, (), TokenRefresh.UNKNOWN),
        (TOKEN, TEXT, OTHER, (), TokenRefresh.FOREIGN),
        (SPENT, TEXT, OTHER, (), TokenRefresh.FOREIGN),
        (SPENT, TEXT, OWN, (), TokenRefresh.REPLAYED),
        (replace(SPENT, expires_at=NOW), TEXT, OWN, (), TokenRefresh.REPLAYED),
        (REVOKED, TEXT, OWN, (), TokenRefresh.REVOKED),
        (DISABLED, TEXT, OWN, (), TokenRefresh.REVOKED),
        (OVER, TEXT, OWN, (), TokenRefresh.EXPIRED),
        (ORPHANED, TEXT, OWN, (), TokenRefresh.OWNER_DISABLED),
        (TOKEN, TEXT, OWN, ("read", "admin"), TokenRefresh.SCOPE_EXCEEDED),
        (TOKEN, TEXT, OWN, ("read",), TokenRefresh.REFRESHED),
        (TOKEN, TEXT, OWN, (), TokenRefresh.REFRESHED),
    ],
)
def test_a_refresh_token_presented_is_judged(token, text, client, asked, expected):
    assert expected == judge_refresh(token, text, client, asked, NOW)


def test_a_refresh_token_is_its_own_clients_affair():
    assert may_see(TOKEN, OWN)
    assert not may_see(TOKEN, OTHER)
    assert may_see(ACCESS, OTHER)


def test_a_refresh_token_is_for_those_who_use_them_and_asked():
    both = (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN)
    assert may_outlast(both, ("offline_access",))
    assert not may_outlast(both, ("read",))
    assert not may_outlast((GrantType.DEVICE_CODE,), ("offline_access",))


def jwt(payload: bytes) -> str:
    return f"e30.{urlsafe_b64encode(payload).rstrip(b'=').decode()}.c2ln"


def test_a_jwt_names_its_token():
    assert TokenId("tok_9") == token_id_of(jwt(msgspec.json.encode({"jti": "tok_9", "exp": 1})))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tok_1",
        ".",
        "tok_1.",
        ".secret",
        "a.b.c",
        "a.b.c.d",
        "e30.ä.c2ln",
        jwt(b"[]"),
        jwt(b"{}"),
        jwt(b'{"jti":1}'),
        jwt(b'{"jti":"\xff"}'),
        "a." + "b" * LENGTH_LIMIT,
    ],
)
def test_a_text_that_is_no_token_names_none(text):
    assert token_id_of(text) is None


@given(st.text() | st.lists(st.text(), min_size=3, max_size=3).map(".".join))
def test_any_text_is_read_without_a_fault(text):
    named = token_id_of(text)
    assert named is None or named in text


@given(st.binary())
def test_any_payload_is_read_without_a_fault(payload):
    token_id_of(jwt(payload))
