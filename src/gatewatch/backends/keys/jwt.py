"""Our own JWTs: signed with the current key, verified against nothing but what we would sign."""

import base64
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import msgspec

from gatewatch.backends.keys.algorithms import base64url, is_signed, sign
from gatewatch.backends.keys.keyring import Keyring, SigningKey
from gatewatch.kernel.time import Clock, epoch_seconds
from gatewatch.settings import SigningAlgorithm

Claims = Mapping[str, Any]

MAX_LENGTH: Final = 8_192
"""Characters; no token of ours comes near, and no header carries more."""

MAX_REMEMBERED: Final = 4_096
"""Verified tokens that are remembered, a few MB of them."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class Rejection(StrEnum):
    """Why a token is not accepted."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"
    WRONG_TYPE = "wrong_type"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    EXPIRED = "expired"
    PREMATURE = "premature"


class Jwt:
    """Signs and verifies the tokens of one issuer.

    A header says ``alg``, ``kid`` and ``typ`` and nothing else, always spelled the same, so a
    header is ours when it is the one that we would write: no algorithm is ever read from it
    (RFC 8725 section 3.1).
    """

    def __init__(self, keyring: Keyring, issuer: str, clock: Clock) -> None:
        self._keyring = keyring
        self._issuer = issuer
        self._clock = clock
        self._headers: dict[tuple[str, str], str] = {}
        self._remembered: dict[bytes, _Remembered] = {}

    def sign(self, claims: Claims, *, typ: str, algorithm: SigningAlgorithm) -> str:
        """Make a token of these claims; the header's ``typ`` tells its kind (RFC 8725 3.11)."""
        key = self._keyring.current(algorithm)
        payload = base64url(_encode(claims))
        signed = f"{self._header(key, typ)}.{payload}"
        return f"{signed}.{base64url(sign(key.private, signed.encode()))}"

    async def verify(
        self, token: str, *, typ: str, audience: str | None = None
    ) -> Claims | Rejection:
        """Check a token of our own; the claims are those of a signature that holds, now."""
        if len(token) > MAX_LENGTH or not token.isascii():
            return Rejection.MALFORMED
        fingerprint = sha256(token.encode()).digest()
        known = self._recall(fingerprint)
        if known is None:
            found = await self._authenticate(token)
            if isinstance(found, Rejection):
                return found
            known = self._remember(fingerprint, found)
        if known.typ != typ:
            return Rejection.WRONG_TYPE
        return self._judge(known.claims, audience)

    async def _authenticate(self, token: str) -> "_Remembered | Rejection":
        signed, _, signature = token.rpartition(".")
        segment = signed.partition(".")[0]
        header = _read_header(segment)
        if header is None:
            return Rejection.MALFORMED
        key = self._keyring.by_id(header.kid)
        if key is None:
            await self._keyring.refresh()
            key = self._keyring.by_id(header.kid)
        if key is None:
            return Rejection.UNKNOWN_KEY
        if segment != _header_segment(key, header.typ):
            return Rejection.MALFORMED
        return _open(key, header, signed, signature)

    def _judge(self, claims: Claims, audience: str | None) -> Claims | Rejection:
        now = epoch_seconds(self._clock.now())
        expiry, start = claims.get("exp"), claims.get("nbf", now)
        if type(expiry) is not int or type(start) is not int:
            return Rejection.MALFORMED
        if claims.get("iss") != self._issuer:
            return Rejection.WRONG_ISSUER
        if now >= expiry:
            return Rejection.EXPIRED
        if now < start:
            return Rejection.PREMATURE
        if audience is not None and not _is_for(claims, audience):
            return Rejection.WRONG_AUDIENCE
        return claims

    def _header(self, key: SigningKey, typ: str) -> str:
        header = self._headers.get((key.id, typ))
        if header is None:
            header = self._headers[key.id, typ] = _header_segment(key, typ)
        return header

    def _recall(self, fingerprint: bytes) -> "_Remembered | None":
        """Find a token verified before, and make it the last to be forgotten."""
        known = self._remembered.pop(fingerprint, None)
        if known is not None:
            self._remembered[fingerprint] = known
        return known

    def _remember(self, fingerprint: bytes, found: "_Remembered") -> "_Remembered":
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[fingerprint] = found
        return found


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


_decode_header: Final = msgspec.json.Decoder(_Header).decode


@dataclass(frozen=True, slots=True)
class _Remembered:
    typ: str
    claims: Claims


def _header_segment(key: SigningKey, typ: str) -> str:
    return base64url(_encode(_Header(key.algorithm.value, key.id, typ)))


def _read_header(segment: str) -> _Header | None:
    octets = _octets(segment)
    try:
        return None if octets is None else _decode_header(octets)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _open(key: SigningKey, header: _Header, signed: str, segment: str) -> _Remembered | Rejection:
    signature = _octets(segment)
    payload = _octets(signed.partition(".")[2])
    if signature is None or payload is None:
        return Rejection.MALFORMED
    if not is_signed(key.public, signature, signed.encode()):
        return Rejection.FORGED
    return _Remembered(header.typ, MappingProxyType(_decode(payload)))


def _octets(segment: str) -> bytes | None:
    """Decode base64url; of all spellings only the one that we write (RFC 7515 section 2)."""
    try:
        octets = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (Base64Error, ValueError):
        return None
    return octets if base64url(octets) == segment else None


def _is_for(claims: Claims, audience: str) -> bool:
    """Say whether an audience is meant (RFC 7519 section 4.1.3)."""
    named = claims.get("aud")
    return audience in named if isinstance(named, list) else audience == named
