"""Signed notes, and the checkpoints that are written as such (C2SP signed-note, tlog-checkpoint).

::

    auth.example.com/audit/1                          origin: which tree of which server
    20852163                                          how many leaves it has
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=      its root
                                                      (an empty line)
    — auth.example.com/audit/1 Az3grlgt...            key name, and key id and signature in Base64
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatewatch.audit.tree import HASH_BYTES

ED25519: Final = b"\x01"
"""The signature type of C2SP signed-note for Ed25519."""

LONGEST: Final = 16_384
"""Characters of a note that are read at most: room for the sixteen signatures that C2SP asks."""

_ID_BYTES: Final = 4
_DASH: Final = "\N{EM DASH} "
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME: Final = re.compile(r"[^\s+]+")


class NotANoteError(ValueError):
    """A text is not what it should be: no note, no checkpoint, or no key."""


class UnsignedError(ValueError):
    """No signature of a note is by the key that it should be signed with."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says of a tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def read(cls, note: str) -> "Checkpoint":
        """Read a note's text, whoever signed it.

        Raises:
            NotANoteError: it is none.
        """
        text, _ = split(note)
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not _SIZE.fullmatch(lines[1]):  # noqa: PLR2004 - three lines, each with its end
            raise NotANoteError("a checkpoint says its origin, its size and its root")
        root = _bytes(lines[2])
        if len(root) != HASH_BYTES:
            raise NotANoteError("a root has 32 bytes")
        return cls(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name that it signs with."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The key's id: four bytes, for telling keys apart (C2SP signed-note)."""
        named = self.name.encode() + b"\n" + ED25519 + self.public
        return sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(ED25519 + self.public)}"

    @classmethod
    def read(cls, text: str) -> "Verifier":
        """Read a key as it is printed: name, id and key, parted by plus signs.

        Raises:
            NotANoteError: it is none, or of another kind than Ed25519.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _bytes(encoded)
        if not _NAME.fullmatch(name) or not key.startswith(ED25519) or len(key) != 1 + 32:
            raise NotANoteError("a key is written as name+id+key, and is of Ed25519")
        verifier = cls(name, key[1:])
        if verifier.id.hex() != key_id:
            raise NotANoteError("the key's id is not that of its name and its bytes")
        return verifier

    def under(self, name: str) -> "Verifier":
        """The same key under another name: that of a later tree."""
        return Verifier(name, self.public)

    def open(self, note: str) -> Checkpoint:
        """Read a checkpoint that this key signed.

        Raises:
            NotANoteError: it is no checkpoint.
            UnsignedError: this key did not sign it.
        """
        text, signatures = split(note)
        ours = (sig for name, sig in signatures if name == self.name and sig[:4] == self.id)
        signature = next(ours, None)
        if signature is None:
            raise UnsignedError(f"no signature is by {self.name}+{self.id.hex()}")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature[4:], text.encode())
        except InvalidSignature:
            raise UnsignedError(f"the signature by {self.name} is of something else") from None
        return Checkpoint.read(note)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, which signs under any name."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, raw (RFC 8032 section 5.1.5)."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, checkpoint: Checkpoint) -> str:
        """Write a note, signed under the checkpoint's origin."""
        verifier = Verifier(checkpoint.origin, self.public)
        signature = verifier.id + self.private.sign(checkpoint.text.encode())
        return f"{checkpoint.text}\n{_DASH}{checkpoint.origin} {_base64(signature)}\n"


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text, and its signatures by the names of their keys.

    Raises:
        NotANoteError: it is none.
    """
    text, parted, lines = note.rpartition("\n\n")
    if not parted or not text or not lines.endswith("\n") or len(note) > LONGEST:
        raise NotANoteError("a note is a text, an empty line, and signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, _, signature = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not _NAME.fullmatch(name):
            raise NotANoteError("a signature is a dash, a name, and Base64")
        signatures.append((name, _bytes(signature)))
    return text + "\n", signatures


def notes(text: str) -> list[str]:
    """The notes in a file that notes were added to, one after another."""
    found: list[str] = []
    lines: list[str] = []
    signed = False
    for line in text.split("\n"):
        if signed and not line.startswith(_DASH):
            found.append("\n".join(lines) + "\n")
            lines, signed = [], False
        if line or lines:
            lines.append(line)
        signed = signed or line.startswith(_DASH)
    return found


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise NotANoteError("this is not Base64") from None
