"""What may be written down: secrets leave a mark, text is made fit for any database.

A field is judged by its declared kind and never by its name: `token_kind` says something,
and a secret under an innocent name is still a secret.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from gatewatch.catalogue.event import REDACTED, Event, Kind, field_kinds
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import rfc3339

TEXT_LENGTH: Final = 2048
"""Characters kept of a text within a field: what browsers take of a URL."""

ITEMS: Final = 100
"""Items kept of a list within a field."""

_LARGEST: Final = 2**63 - 1
"""The largest whole number that the spool and both databases hold alike."""

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def written(event: Event) -> dict[str, object]:
    """The event's fields as JSON can hold them, each secret replaced by a mark."""
    return {
        name: REDACTED if secret else _written(getattr(event, name))
        for name, secret in _PLANS[type(event)]
    }


def clean(text: str, length: int) -> str:
    """Make text fit for any database: no NUL, no lone surrogate, at most `length` characters."""
    if len(text) <= length and text.isprintable():
        return text
    if len(text) > length:
        text = text[: length - 1] + "…"
    return (
        text.replace("\0", _REPLACEMENT)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )


def clean_or_none(text: str | None, length: int) -> str | None:
    """The same for text that may be absent."""
    return None if text is None else clean(text, length)


class _Plans(dict[type[Any], tuple[tuple[str, bool], ...]]):
    """The fields of each dataclass, and whether each is a secret."""

    def __missing__(self, kind: type[Any]) -> tuple[tuple[str, bool], ...]:
        kinds = field_kinds(kind)
        plan = tuple((field.name, kinds[field.name] is Kind.SECRET) for field in fields(kind))
        self[kind] = plan
        return plan


_PLANS: Final = _Plans()


def _written(value: object) -> object:
    write = _WRITERS.get(type(value))
    return _walked(value) if write is None else write(value)


def _walked(value: object) -> object:
    match value:
        case Secret():
            return REDACTED
        case Enum():
            return _written(value.value)
        case str():
            return clean(str(value), TEXT_LENGTH)
        case Mapping():
            return {clean(str(key), TEXT_LENGTH): _written(item) for key, item in value.items()}
        case Sequence() | set() | frozenset() if not isinstance(value, bytes | bytearray):
            return [_written(item) for item in list(value)[:ITEMS]]
        case _ if is_dataclass(value):
            return {
                name: REDACTED if secret else _written(getattr(value, name))
                for name, secret in _PLANS[type(value)]
            }
        case _:
            raise TypeError(f"an event holds a {type(value).__name__}, which cannot be written")


def _text(value: Any) -> object:
    return clean(value, TEXT_LENGTH)


def _number(value: Any) -> object:
    return value if -_LARGEST <= value <= _LARGEST else str(value)


def _itself(value: object) -> object:
    return value


_WRITERS: Final[dict[type, Callable[[Any], object]]] = {
    str: _text,
    int: _number,
    bool: _itself,
    float: _itself,
    type(None): _itself,
    datetime: rfc3339,
}
"""How the commonest values are written; the rest is walked."""
