"""Encryption at rest: what the database must not show is sealed under the installation's key."""

from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatewatch.kernel.secrets import Entropy, Secret, SystemEntropy

KEY_BYTES: Final = 32
"""AES-256."""

NONCE_BYTES: Final = 12
"""96 bits, drawn at random for each seal (NIST SP 800-38D section 8.2.2)."""

_VERSION: Final = b"\x01"
_CHECK_BYTES: Final = 16


class SealBrokenError(Exception):
    """A sealed value was changed, moved, or made with another key."""


class Vault:
    """Seals and opens small secrets: AES-256-GCM, with a key for each purpose (RFC 5869)."""

    def __init__(self, secret_key: Secret, entropy: Entropy | None = None) -> None:
        self._material = secret_key.reveal().encode("utf-8", "surrogatepass")
        self._entropy = entropy or SystemEntropy()
        self._cipher = cache(lambda purpose: AESGCM(self._derive(f"seal: {purpose}", KEY_BYTES)))

    def seal(self, purpose: str, plaintext: bytes, context: str) -> bytes:
        """Encrypt; what is sealed for one purpose and context opens for no other."""
        nonce = self._entropy.bytes(NONCE_BYTES)
        sealed = self._cipher(purpose).encrypt(nonce, plaintext, context.encode())
        return _VERSION + nonce + sealed

    def open(self, purpose: str, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealBrokenError: it is not whole, or was not sealed for this.
        """
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if not sealed.startswith(_VERSION) or len(nonce) != NONCE_BYTES:
            raise SealBrokenError(purpose)
        try:
            return self._cipher(purpose).decrypt(nonce, rest, context.encode())
        except InvalidTag:
            raise SealBrokenError(purpose) from None

    def check_value(self) -> str:
        """Tell two keys apart without giving either away."""
        return self._derive("check value", _CHECK_BYTES).hex()

    def key(self, purpose: str) -> bytes:
        """A key of 256 bits for one purpose, such as the HMAC of a form's token."""
        return self._derive(f"key: {purpose}", KEY_BYTES)

    def _derive(self, purpose: str, length: int) -> bytes:
        info = f"gatewatch 1 {purpose}".encode()
        return HKDF(SHA256(), length, salt=None, info=info).derive(self._material)
