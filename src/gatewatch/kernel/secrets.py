"""Secrets: where randomness comes from, how a secret rests, and how two are compared."""

import base64
import hashlib
import hmac
import os
from io import BytesIO
from typing import Final, Protocol
from weakref import WeakMethod

TOKEN_BYTES: Final = 32
"""Bytes of entropy in an opaque token: 256 bits, twice what RFC 6749 section 10.10 asks."""


POOL_BYTES: Final = 4096
"""Bytes drawn from the operating system at once: one system call for some hundred ids."""


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, count: int) -> bytes:
        """Draw `count` random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator, a pool at a time.

    No byte is handed out twice: not to two threads, for reading the pool is one step of the
    interpreter, and not to two processes, for a forked one forgets what it inherited.
    """

    def __init__(self) -> None:
        self._pool = BytesIO()
        forget = WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (it := forget()) and it())

    def bytes(self, count: int) -> bytes:
        drawn = self._pool.read(count)
        if len(drawn) < count:
            fresh = BytesIO(os.urandom(POOL_BYTES + count))
            drawn = fresh.read(count)
            self._pool = fresh
        return drawn

    def _forget(self) -> None:
        self._pool = BytesIO()


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
