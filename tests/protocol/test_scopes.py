import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatewatch.protocol.scopes import LENGTH_LIMIT, kept_scope, parse_scope, scope_text, within

WORDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1
)


@given(st.lists(WORDS, unique=True))
def test_scopes_come_back_as_they_were_written(words):
    text = scope_text(tuple(words))
    assume(len(text) <= LENGTH_LIMIT)
    assert tuple(words) == parse_scope(text)
    assert tuple(words) == kept_scope(text)


def test_a_scope_named_twice_counts_once():
    assert parse_scope("read write read") == ("read", "write")


@pytest.mark.parametrize("text", [" ", "a  b", " a", "a ", 'a"b', "a\\b", "a\tb", "ä", "a\x7f"])
def test_a_malformed_scope_is_told(text):
    assert parse_scope(text) is None


def test_scopes_without_end_are_refused_and_not_remembered():
    words = " ".join(f"{number:x}" for number in range(13_000))
    tracemalloc.start()
    asked = [parse_scope(f"{words} {number}") for number in range(8)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert asked == [None] * 8
    assert held < 100_000
    assert parse_scope("a" * LENGTH_LIMIT) == ("a" * LENGTH_LIMIT,)


def test_no_scope_is_within_any():
    assert within((), ())
    assert within(("read",), ("read", "write"))
    assert not within(("read", "admin"), ("read", "write"))
