"""Masking goes by a field's kind, wherever the secret is nested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.audit.masking import ITEMS, TEXT_LENGTH, clean, written
from gatewatch.catalogue.event import REDACTED, Event, Kind, Personal
from gatewatch.catalogue.outcomes import LoginMethod
from gatewatch.kernel.secrets import Secret

CANARY = "canary-4f1d"
SecretText = Annotated[str, Kind.SECRET]


@dataclass(frozen=True, slots=True)
class Inner:
    label: str
    password: SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything(Event):
    type: ClassVar[str] = "EVERYTHING"
    action: ClassVar[str] = "test.everything"
    token_kind: str = "access"
    innocent: SecretText = CANARY
    optional: SecretText | None = CANARY
    several: tuple[SecretText, ...] = (CANARY, CANARY)
    by_name: Mapping[str, SecretText] | None = None
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    wrapped: Secret | None = None
    email: Personal = "ada@example.com"
    method: LoginMethod = LoginMethod.PASSWORD
    at: datetime = datetime(2026, 2, 8, 10, tzinfo=UTC)
    plain: object = None


def test_no_secret_is_written_however_deep_it_lies():
    event = Everything(
        by_name={"a": CANARY},
        inner=Inner("box", CANARY),
        inners=(Inner("one", CANARY), Inner("two", CANARY)),
        wrapped=Secret(CANARY),
        plain={"nested": [Secret(CANARY), {"deep": Inner("three", CANARY)}]},
    )

    document = written(event)

    assert CANARY not in msgspec.json.encode(document).decode()
    assert document["innocent"] == REDACTED
    assert document["inner"] == {"label": "box", "password": REDACTED}
    assert (document["plain"]) == {
        "nested": [REDACTED, {"deep": {"label": "three", "password": REDACTED}}]
    }


def test_a_field_is_not_judged_by_its_name():
    assert written(Everything())["token_kind"] == "access"


def test_personal_data_and_plain_values_are_kept():
    document = written(Everything(plain=(True, 3, 1.5, None, "x")))

    assert document["email"] == "ada@example.com"
    assert document["method"] == "password"
    assert document["at"] == "2026-02-08T10:00:00Z"
    assert document["plain"] == [True, 3, 1.5, None, "x"]


def test_long_text_and_long_lists_are_cut():
    document = written(Everything(email="é" * 9999, plain=tuple(range(9999))))

    assert document["email"] == "é" * (TEXT_LENGTH - 1) + "…"
    assert list(range(ITEMS)) == document["plain"]


def test_a_number_too_large_for_the_spool_is_written_in_digits():
    assert str(2**80) == written(Everything(plain=2**80))["plain"]


def test_what_nobody_knows_how_to_write_is_a_bug():
    with pytest.raises(TypeError, match="bytes"):
        written(Everything(plain=b"x"))


def test_nul_and_lone_surrogates_are_replaced():
    assert clean("a\0b\ud800c", 300) == "a\ufffdb\ufffdc"


@given(st.text(st.characters(), max_size=40), st.integers(1, 20))
def test_any_text_becomes_fit_for_any_database(text, length):
    fit = clean(text, length)

    assert len(fit) <= length
    assert "\0" not in fit
    assert fit == fit.encode().decode()
    if len(text) <= length and text.isprintable():
        assert text == fit
