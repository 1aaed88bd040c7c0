"""Secrets: where randomness comes from, how a secret rests, and how two are compared."""

import base64
import hashlib
import hmac
import os
from typing import Final, Protocol

TOKEN_BYTES: Final = 32
"""Bytes of entropy in an opaque token: 256 bits, twice what RFC 6749 section 10.10 asks."""


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, count: int) -> bytes:
        """Draw `count` random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)


class SeededEntropy:
    """A reproducible stream of bytes; for tests and examples, never for a server."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        self._drawn += 1
        material = f"{self._seed}:{self._drawn}".encode()
        return hashlib.shake_256(material).digest(count)


class Secret:
    """A string that does not print. Read it with `reveal`, where it is used."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and same(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)


def url_token(entropy: Entropy, count: int = TOKEN_BYTES) -> str:
    """A fresh opaque token of `count` random bytes, URL-safe and unpadded."""
    return base64.urlsafe_b64encode(entropy.bytes(count)).rstrip(b"=").decode("ascii")


def digest(secret: str) -> bytes:
    """How a high-entropy secret rests: its SHA-256. Passwords are hashed with Argon2id instead."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same(one: str | bytes, other: str | bytes) -> bool:
    """Compare in constant time."""
    left = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one
    right = other.encode("utf-8", "surrogatepass") if isinstance(other, str) else other
    return hmac.compare_digest(left, right)
