from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.protocol.client_authentication import (
    ClientCredentials,
    Contradictory,
    Unreadable,
    parse_client_credentials,
)


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


@given(st.text(min_size=1), st.text(min_size=1))
def test_both_parts_of_basic_are_form_encoded(client_id, secret):
    parsed = parse_client_credentials(basic(client_id, secret), {})
    assert ClientCredentials(client_id, secret) == parsed


def test_a_form_may_hold_the_secret():
    form = {"client_id": "tv", "client_secret": "s"}
    assert ClientCredentials("tv", "s") == parse_client_credentials(None, form)


def test_a_public_client_says_who_it_is():
    assert ClientCredentials("tv", None) == parse_client_credentials(None, {"client_id": "tv"})
    assert ClientCredentials("tv", None) == parse_client_credentials(basic("tv", ""), {})


def test_a_form_may_repeat_whom_the_header_names():
    parsed = parse_client_credentials(basic("tv", "s"), {"client_id": "tv"})
    assert ClientCredentials("tv", "s") == parsed


@pytest.mark.parametrize(
    "form",
    [{"client_id": "other"}, {"client_secret": "s"}, {"client_id": "tv", "client_secret": "s"}],
)
def test_two_ways_at_once_are_one_too_many(form):
    assert Contradictory() == parse_client_credentials(basic("tv", "s"), form)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic dHY",
        "Basic dHY=",
        "Basic OnM=",
        "Basic /w==",
        "Bearer x",
    ],
)
def test_a_header_that_cannot_be_read_is_nobodys(header):
    assert Unreadable() == parse_client_credentials(header, {})


def test_nothing_is_nobodys():
    assert Unreadable() == parse_client_credentials(None, {"client_secret": "s"})


@given(st.text(), st.dictionaries(st.sampled_from(["client_id", "client_secret"]), st.text()))
def test_any_header_and_form_are_read_without_a_fault(header, form):
    parsed = parse_client_credentials(header, form)
    assert isinstance(parsed, ClientCredentials | Contradictory | Unreadable)


def test_a_secret_does_not_print():
    assert "hush" not in repr(ClientCredentials("tv", "hush"))
