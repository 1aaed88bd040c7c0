"""The signatures of RFC 7518 section 3 and RFC 8037: making keys, signing, verifying, JWK."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from gatewatch.settings import SigningAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

RSA_BITS: Final = 2048
"""The least that RFC 7518 section 3.3 allows."""

RSA_EXPONENT: Final = 65_537

P256_BYTES: Final = 32
"""Octets of a coordinate, and of each half of a signature (RFC 7518 section 3.4)."""

_SHA256: Final = SHA256()
_ECDSA: Final = ec.ECDSA(_SHA256)
_PKCS1: Final = padding.PKCS1v15()


def generate(algorithm: SigningAlgorithm) -> PrivateKey:
    """Make a new key."""
    match algorithm:
        case SigningAlgorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case SigningAlgorithm.RS256:
            return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
        case SigningAlgorithm.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()


def sign(key: PrivateKey, message: bytes) -> bytes:
    """Sign as JWS does: ECDSA as r and s side by side, not as DER (RFC 7518 section 3.4)."""
    match key:
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(message, _ECDSA))
            return r.to_bytes(P256_BYTES) + s.to_bytes(P256_BYTES)
        case rsa.RSAPrivateKey():
            return key.sign(message, _PKCS1, _SHA256)
        case ed25519.Ed25519PrivateKey():
            return key.sign(message)


def is_signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Say whether a signature is of this message, by this key."""
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                if len(signature) != 2 * P256_BYTES:
                    return False
                key.verify(_der(signature), message, _ECDSA)
            case rsa.RSAPublicKey():
                key.verify(signature, message, _PKCS1, _SHA256)
            case ed25519.Ed25519PublicKey():
                key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_members(key: PublicKey) -> dict[str, str]:
    """Write the members of a JWK that make the key, in the order of its thumbprint."""
    match key:
        case ec.EllipticCurvePublicKey():
            point = key.public_numbers()
            x, y = point.x.to_bytes(P256_BYTES), point.y.to_bytes(P256_BYTES)
            return {"crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y)}
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            return {"e": _minimal(numbers.e), "kty": "RSA", "n": _minimal(numbers.n)}
        case ed25519.Ed25519PublicKey():
            raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
            return {"crv": "Ed25519", "kty": "OKP", "x": base64url(raw)}


def thumbprint(members: Mapping[str, str]) -> str:
    """Name a key by what it is (RFC 7638 section 3)."""
    canonical = msgspec.json.encode(dict(sorted(members.items())))
    return base64url(hashlib.sha256(canonical).digest())


def to_der(key: PrivateKey) -> bytes:
    """Write a private key as PKCS #8."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_der(der: bytes) -> PrivateKey:
    """Read a private key that `to_der` wrote.

    Raises:
        TypeError: it is of a kind that nothing here signs with.
    """
    key = load_der_private_key(der, password=None)
    if not isinstance(key, PrivateKey):
        raise TypeError(f"a {type(key).__name__} signs no token")
    return key


def base64url(octets: bytes) -> str:
    """Encode without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _der(signature: bytes) -> bytes:
    r, s = signature[:P256_BYTES], signature[P256_BYTES:]
    return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))


def _minimal(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))
