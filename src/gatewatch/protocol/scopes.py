"""Scopes: what a token is good for (RFC 6749 section 3.3)."""

import re
from typing import Final

Scopes = tuple[str, ...]

_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""scope-token (RFC 6749 appendix A.4)."""


def parse_scope(text: str) -> Scopes | None:
    """The scopes in `text`, each once, in order; None when one is malformed."""
    words = tuple(dict.fromkeys(text.split(" "))) if text else ()
    return words if all(_TOKEN.fullmatch(word) for word in words) else None


def scope_text(scopes: Scopes) -> str:
    """How scopes are written on the wire."""
    return " ".join(scopes)


def within(asked: Scopes, allowed: Scopes) -> bool:
    """Whether nothing is asked that is not allowed."""
    return set(asked) <= set(allowed)
