from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.catalogue.outcomes import DevicePoll, UserCodeLookup
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, GrantId
from gatewatch.kernel.secrets import SeededEntropy, digest
from gatewatch.oauth.device.rules import (
    ALPHABET,
    Grant,
    GrantState,
    PendingGrant,
    draw_user_code,
    grant_id_of,
    judge,
    judge_user_code,
    keeps_cadence,
    parse_user_code,
    shown,
)

NOW = datetime(2026, 2, 8, 10, tzinfo=UTC)
CODE = "dvc_1.secret"
OWN, OTHER = ClientId("cli_1"), ClientId("cli_2")
PENDING = Grant(
    GrantId("dvc_1"),
    digest(CODE),
    OWN,
    ("openid",),
    GrantState.PENDING,
    FamilyId("fam_1"),
    None,
    None,
    NOW + timedelta(minutes=30),
    owner_active=True,
)
APPROVED = replace(PENDING, state=GrantState.APPROVED, account_id=AccountId("acc_1"))
DENIED = replace(PENDING, state=GrantState.DENIED)
REDEEMED = replace(APPROVED, state=GrantState.REDEEMED)


def over(grant: Grant) -> Grant:
    return replace(grant, expires_at=NOW)


@pytest.mark.parametrize(
    ("grant", "code", "client", "expected"),
    [
        (None, CODE, OWN, DevicePoll.UNKNOWN),
        (APPROVED, "dvc_1.forged", OWN, DevicePoll.UNKNOWN),
        (APPROVED, CODE, OTHER, DevicePoll.UNKNOWN),
        (PENDING, CODE, OWN, DevicePoll.PENDING),
        (over(PENDING), CODE, OWN, DevicePoll.EXPIRED),
        (APPROVED, CODE, OWN, DevicePoll.GRANTED),
        (over(APPROVED), CODE, OWN, DevicePoll.EXPIRED),
        (replace(APPROVED, owner_active=False), CODE, OWN, DevicePoll.DENIED),
        (DENIED, CODE, OWN, DevicePoll.DENIED),
        (over(DENIED), CODE, OWN, DevicePoll.DENIED),
        (REDEEMED, CODE, OWN, DevicePoll.REPLAYED),
        (over(REDEEMED), CODE, OWN, DevicePoll.REPLAYED),
    ],
)
def test_a_poll_is_judged(grant, code, client, expected):
    assert expected == judge(grant, code, client, NOW)


def test_a_final_answer_outranks_the_cadence():
    assert {DevicePoll.PENDING, DevicePoll.GRANTED} == set(filter(keeps_cadence, DevicePoll))


ASKED = PendingGrant(
    GrantId("dvc_1"),
    OWN,
    "Television",
    ("openid",),
    "203.0.113.9",
    "tv/1",
    NOW,
    NOW + timedelta(minutes=30),
    GrantState.PENDING,
    client_active=True,
)


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (None, UserCodeLookup.UNKNOWN),
        (ASKED, UserCodeLookup.FOUND),
        (replace(ASKED, expires_at=NOW), UserCodeLookup.EXPIRED),
        (replace(ASKED, state=GrantState.APPROVED), UserCodeLookup.ALREADY_USED),
        (replace(ASKED, state=GrantState.DENIED), UserCodeLookup.ALREADY_USED),
        (replace(ASKED, state=GrantState.REDEEMED), UserCodeLookup.ALREADY_USED),
        (replace(ASKED, client_active=False), UserCodeLookup.UNKNOWN),
    ],
)
def test_a_code_that_was_typed_is_judged(grant, expected):
    assert expected == judge_user_code(grant, NOW)


@given(st.integers())
def test_a_user_code_comes_back_however_it_is_typed(seed):
    code = draw_user_code(SeededEntropy(seed))
    assert set(code) <= set(ALPHABET)
    for typed in (shown(code), code, shown(code).lower(), f" {shown(code)} ", " ".join(code)):
        assert code == parse_user_code(typed)


def test_every_letter_of_a_user_code_is_as_likely_as_the_next():
    entropy = SeededEntropy(7)
    drawn = "".join(draw_user_code(entropy) for _ in range(2000))
    counts = [drawn.count(letter) for letter in ALPHABET]
    assert max(counts) < 1.25 * min(counts)


@pytest.mark.parametrize("typed", ["", "WDJB", "WDJB-MJHTX", "ADJB-MJHT", "WDJB-MJH0", "ẞẞẞẞẞẞẞẞ"])
def test_what_cannot_be_a_code_is_none(typed):
    assert parse_user_code(typed) is None


@given(st.text())
def test_any_typing_is_read_without_a_fault(typed):
    code = parse_user_code(typed)
    assert code is None or set(code) <= set(ALPHABET)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("dvc_1.secret", "dvc_1"), ("dvc_1", None), ("dvc_1.", None), ("", None)],
)
def test_a_device_code_names_its_grant(code, expected):
    assert expected == grant_id_of(code)
