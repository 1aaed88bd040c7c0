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
    return _fields(event)


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
    if text is None or (len(text) <= length and text.isprintable()):
        return text
    return clean(text, length)


Writer = Callable[[Any], object]
"""How the values of one type are written."""


class _Plans(dict[type[Any], tuple[tuple[str, bool], ...]]):
    """The fields of each dataclass, and whether each is a secret."""

    def __missing__(self, kind: type[Any]) -> tuple[tuple[str, bool], ...]:
        kinds = field_kinds(kind)
        plan = tuple((field.name, kinds[field.name] is Kind.SECRET) for field in fields(kind))
        self[kind] = plan
        return plan


class _Writers(dict[type[Any], Writer]):
    """How values are written, by their type; what a type is like is found out once."""

    def __missing__(self, kind: type[Any]) -> Writer:
        writer = self[kind] = _writer(kind)
        return writer


def _writer(kind: type[Any]) -> Writer:
    if issubclass(kind, Secret):
        return _mark
    if issubclass(kind, Enum):
        return {member: _written(member.value) for member in kind}.__getitem__
    if issubclass(kind, str):
        return _text
    if issubclass(kind, Mapping):
        return _mapping
    if issubclass(kind, Sequence | set | frozenset) and not issubclass(kind, bytes | bytearray):
        return _items
    if is_dataclass(kind):
        return _fields
    raise TypeError(f"an event holds a {kind.__name__}, which cannot be written")


def _written(value: object) -> object:
    return _WRITERS[type(value)](value)


def _fields(value: Any) -> dict[str, object]:
    return {
        name: REDACTED if secret else _written(getattr(value, name))
        for name, secret in _PLANS[type(value)]
    }


def _mapping(value: Mapping[object, object]) -> object:
    return {clean(str(key), TEXT_LENGTH): _written(item) for key, item in value.items()}


def _items(value: Any) -> object:
    return [_written(item) for item in list(value)[:ITEMS]]


def _mark(_: object) -> object:
    return REDACTED


def _text(value: Any) -> object:
    return clean(str(value), TEXT_LENGTH)


def _number(value: Any) -> object:
    return value if -_LARGEST <= value <= _LARGEST else str(value)


def _itself(value: object) -> object:
    return value


_PLANS: Final = _Plans()
_WRITERS: Final = _Writers(
    {
        int: _number,
        bool: _itself,
        float: _itself,
        type(None): _itself,
        datetime: rfc3339,
    }
)
