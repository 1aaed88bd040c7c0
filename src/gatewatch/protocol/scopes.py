"""Scopes: what a token is good for (RFC 6749 section 3.3)."""

from functools import lru_cache
from typing import Final

Scopes = tuple[str, ...]

OPENID: Final = "openid"
"""Asks who the person is (OpenID Connect Core section 3.1.2.1)."""

OFFLINE_ACCESS: Final = "offline_access"
"""Asks for a refresh token (OpenID Connect Core section 11)."""

FORBIDDEN: Final = frozenset('"\\')
"""The visible ASCII characters that a scope may not hold (RFC 6749 appendix A.4)."""

LENGTH_LIMIT: Final = 1_000
"""Characters in all the scopes that are asked for at once."""


def parse_scope(text: str) -> Scopes | None:
    """The scopes in `text`, each once, in order; None when one is malformed, or they are many."""
    # Before it is remembered: whoever asks may ask for anything.
    return None if len(text) > LENGTH_LIMIT else _parsed(text)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Scopes | None:
    if not text:
        return ()
    words = tuple(dict.fromkeys(text.split(" ")))
    sound = text.isascii() and text.isprintable() and "" not in words
    return words if sound and FORBIDDEN.isdisjoint(text) else None


@lru_cache(maxsize=1024)
def kept_scope(text: str) -> Scopes:
    """The scopes in a text that was `parse_scope`d before it was kept."""
    return tuple(text.split())


def scope_text(scopes: Scopes) -> str:
    """How scopes are written on the wire."""
    return " ".join(scopes)


def within(asked: Scopes, allowed: Scopes) -> bool:
    """Whether nothing is asked that is not allowed."""
    return set(asked) <= set(allowed)
