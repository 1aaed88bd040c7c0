"""The words that an event is found by, and those of a search: in lower case, without accents."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import combining, normalize

from gatewatch.audit.row import AuditRow

WORD_LENGTH: Final = 64
"""Characters kept of a word; an id has 36."""

MOST_WORDS: Final = 300
"""Words kept of one event."""

_WORD: Final = re.compile(r"[^\W_]+")


def words_in(text: str) -> list[str]:
    """The words of a text, in its order: what letters and digits there are between the rest."""
    if not text.isascii():
        apart = normalize("NFKD", text.casefold())
        text = "".join(character for character in apart if not combining(character))
    return [word[:WORD_LENGTH] for word in _WORD.findall(text.lower())]


def words_of(row: AuditRow) -> list[str]:
    """Each word that an event is found by, once."""
    given = (row.action, row.event_type, row.actor_name, row.resource_name, row.reason)
    texts = [text for text in given if text]
    texts += _texts(row.metadata.values())
    return list(dict.fromkeys(words_in(" ".join(texts))))[:MOST_WORDS]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for: whole words, and the beginning of one that may not be finished."""

    whole: tuple[str, ...]
    beginning: str | None = None

    def __bool__(self) -> bool:
        return bool(self.whole or self.beginning)

    def is_met_by(self, row: AuditRow) -> bool:
        """Whether an event has all of them."""
        words = words_of(row)
        return all(word in words for word in self.whole) and (
            self.beginning is None or any(word.startswith(self.beginning) for word in words)
        )


def wanted_in(text: str) -> Wanted:
    """What a text asks for: all its words, of which the last may be but the beginning of one."""
    words = words_in(text)
    if not words:
        return Wanted(())
    return Wanted(tuple(dict.fromkeys(words[:-1])), words[-1])


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        match value:
            case str():
                yield value
            case bool() | None:
                pass
            case int() | float():
                yield str(value)
            case dict():
                yield from _texts(value.values())
            case list() | tuple():
                yield from _texts(value)
