"""Forms and queries, read strictly: a doubtful one is refused, not guessed at."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from gatewatch.kernel.errors import Refusal

FIELD_LIMIT: Final = 100
"""Fields in one form; the largest request of RFC 6749 and its kin has about twenty."""


def parse_form(encoded: bytes) -> Mapping[str, str]:
    """Parse ``application/x-www-form-urlencoded``.

    A parameter without a value counts as omitted (RFC 6749 section 3.2). Raises `Refusal`
    (invalid_request) when one is repeated (same section), when there are too many, and when one
    is not UTF-8 or holds a control character.
    """
    if not encoded:
        return {}
    pairs = _text(encoded).split("&")
    if len(pairs) > FIELD_LIMIT:
        raise Refusal("invalid_request", f"There are more than {FIELD_LIMIT} parameters.")
    fields: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not value:
            continue
        name = _decoded(name)
        if name in fields:
            raise Refusal("invalid_request", f"The parameter {name[:40]!r} is repeated.")
        fields[name] = _decoded(value)
    return fields


def parse_pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Parse a query whose parameters may be repeated, in order, with the same strictness."""
    pairs = _text(encoded).split("&") if encoded else []
    if len(pairs) > FIELD_LIMIT:
        raise Refusal("invalid_request", f"There are more than {FIELD_LIMIT} parameters.")
    split = (pair.partition("=") for pair in pairs)
    return [(_decoded(name), _decoded(value)) for name, _, value in split if value]


def _text(encoded: bytes) -> str:
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("invalid_request", "The parameters are not UTF-8.") from None


def _decoded(part: str) -> str:
    if "%" in part or "+" in part:
        try:
            part = unquote_plus(part, errors="strict")
        except UnicodeDecodeError:
            raise Refusal("invalid_request", "A parameter is not UTF-8.") from None
    if not part.isprintable() and any(_is_control(character) for character in part):
        raise Refusal("invalid_request", "A parameter holds a control character.")
    return part


def _is_control(character: str) -> bool:
    return (character < " " and character not in "\t\r\n") or character == "\x7f"
