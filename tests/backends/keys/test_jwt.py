import json
import warnings
from datetime import UTC, datetime

import joserfc.jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet, OctKey

from gatewatch.backends.keys.algorithms import base64url, generate
from gatewatch.backends.keys.jwt import MAX_LENGTH, MAX_REMEMBERED, Jwt, Rejection
from gatewatch.backends.keys.keyring import Keyring, _named
from gatewatch.kernel.time import FixedClock, epoch_seconds
from gatewatch.settings import SigningAlgorithm

ISSUER = "https://auth.example.com"
START = datetime(2026, 2, 8, 10, tzinfo=UTC)
NOW = epoch_seconds(START)
CLAIMS = {"iss": ISSUER, "sub": "acc_1", "aud": ["api", "web"], "exp": NOW + 900, "jti": "tok_1"}
KEYS = {algorithm: _named(generate(algorithm), algorithm) for algorithm in SigningAlgorithm}
ES256 = SigningAlgorithm.ES256
TYP = "at+jwt"


class RememberedKeyring(Keyring):
    """A keyring whose database holds nothing more."""

    refreshed = 0

    async def refresh(self):
        self.refreshed += 1


def a_jwt(clock=None):
    clock = clock or FixedClock(START)
    keyring = RememberedKeyring(None, None, clock)
    keyring._keys = {key.id: key for key in KEYS.values()}
    return Jwt(keyring, ISSUER, clock)


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
async def test_what_is_signed_is_verified(algorithm):
    jwt = a_jwt()
    token = jwt.sign(CLAIMS, typ=TYP, algorithm=algorithm)
    for _ in range(2):  # the second time from memory
        assert dict(await jwt.verify(token, typ=TYP, audience="api")) == CLAIMS


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the name, in favour of Ed25519
@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_joserfc_verifies_what_is_signed(algorithm):
    jwt = a_jwt()
    token = jwt.sign(CLAIMS, typ=TYP, algorithm=algorithm)
    keys = KeySet.import_key_set(jwt._keyring.public_jwks())
    read = joserfc.jwt.decode(token, keys, algorithms=[algorithm])
    assert read.claims == CLAIMS
    assert read.header == {"alg": algorithm, "kid": KEYS[algorithm].id, "typ": TYP}


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_authlib_verifies_what_is_signed(algorithm):
    with warnings.catch_warnings(record=True):  # of its move to joserfc
        from authlib.jose import JsonWebKey, JsonWebToken
    jwt = a_jwt()
    token = jwt.sign(CLAIMS, typ=TYP, algorithm=algorithm)
    keys = JsonWebKey.import_key_set(jwt._keyring.public_jwks())
    assert dict(JsonWebToken([algorithm.value]).decode(token, keys)) == CLAIMS


@given(st.sampled_from(SigningAlgorithm), st.data())
async def test_a_token_with_any_bit_changed_is_rejected(algorithm, data):
    jwt = a_jwt()
    token = bytearray(TOKENS[algorithm])
    bit = data.draw(st.integers(0, len(token) * 8 - 1))
    token[bit // 8] ^= 1 << bit % 8
    assert isinstance(await jwt.verify(token.decode("latin-1"), typ=TYP), Rejection)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"))
async def test_any_text_that_is_no_token_is_rejected(text):
    assert isinstance(await a_jwt().verify(text, typ=TYP), Rejection)


def forged(header, payload=CLAIMS, signature=""):
    parts = (base64url(json.dumps(part).encode()) for part in (header, payload))
    return ".".join((*parts, signature))


@pytest.mark.parametrize(
    ("token", "rejection"),
    [
        ("", Rejection.MALFORMED),
        ("..", Rejection.MALFORMED),
        ("a.b.c.d", Rejection.MALFORMED),
        ("x" * (MAX_LENGTH + 1), Rejection.MALFORMED),
        (forged({"alg": "none", "typ": TYP}), Rejection.MALFORMED),
        (forged({"alg": "none", "kid": KEYS[ES256].id, "typ": TYP}), Rejection.MALFORMED),
        (forged({"alg": "ES256", "kid": "nobody's", "typ": TYP}), Rejection.UNKNOWN_KEY),
        (forged({"alg": "ES256", "kid": 5, "typ": TYP}), Rejection.MALFORMED),
        (
            forged({"alg": "ES256", "kid": KEYS[ES256].id, "typ": TYP, "jwk": {}}),
            Rejection.MALFORMED,
        ),
        ("[" * 4000 + ".e30.", Rejection.MALFORMED),
        (base64url(b"[" * 4000) + ".e30.", Rejection.MALFORMED),
    ],
)
async def test_a_token_that_we_would_not_write_is_rejected(token, rejection):
    assert await a_jwt().verify(token, typ=TYP) is rejection


async def test_a_public_key_is_no_shared_secret():
    jwt = a_jwt()
    public = jwt._keyring.public_jwks()["keys"][0]
    header = {"alg": "HS256", "kid": public["kid"], "typ": TYP}
    key = OctKey.import_key(json.dumps(public))
    token = joserfc.jwt.encode(header, CLAIMS, key, algorithms=["HS256"])
    assert await jwt.verify(token, typ=TYP) is Rejection.MALFORMED


async def test_another_spelling_of_the_signature_is_rejected():
    head, _, signature = TOKENS[ES256].decode().rpartition(".")
    for spelling in (signature + "==", signature[:9] + "\n" + signature[9:], " " + signature):
        assert await a_jwt().verify(f"{head}.{spelling}", typ=TYP) is Rejection.MALFORMED


@pytest.mark.parametrize(
    ("changed", "rejection"),
    [
        ({"iss": "https://evil.example.com"}, Rejection.WRONG_ISSUER),
        ({"iss": None}, Rejection.WRONG_ISSUER),
        ({"exp": NOW}, Rejection.EXPIRED),
        ({"exp": None}, Rejection.MALFORMED),
        ({"exp": "2999"}, Rejection.MALFORMED),
        ({"exp": True}, Rejection.MALFORMED),
        ({"nbf": NOW + 1}, Rejection.PREMATURE),
        ({"aud": "apis"}, Rejection.WRONG_AUDIENCE),
        ({"aud": ["apis"]}, Rejection.WRONG_AUDIENCE),
        ({"aud": None}, Rejection.WRONG_AUDIENCE),
    ],
)
async def test_a_token_for_another_time_or_place_is_rejected(changed, rejection):
    jwt = a_jwt()
    token = jwt.sign(CLAIMS | changed, typ=TYP, algorithm=ES256)
    assert await jwt.verify(token, typ=TYP, audience="api") is rejection


async def test_a_token_of_one_kind_is_none_of_another():
    jwt = a_jwt()
    token = jwt.sign(CLAIMS, typ="JWT", algorithm=ES256)
    assert await jwt.verify(token, typ=TYP) is Rejection.WRONG_TYPE
    assert await jwt.verify(token, typ="JWT") == CLAIMS


async def test_a_remembered_token_expires_like_any_other():
    clock = FixedClock(START)
    jwt = a_jwt(clock)
    token = jwt.sign(CLAIMS, typ=TYP, algorithm=ES256)
    assert await jwt.verify(token, typ=TYP) == CLAIMS
    clock.advance(seconds=900)
    assert await jwt.verify(token, typ=TYP) is Rejection.EXPIRED


async def test_what_is_remembered_cannot_be_changed_and_has_an_end():
    jwt = a_jwt()
    claims = await jwt.verify(TOKENS[ES256].decode(), typ=TYP)
    with pytest.raises(TypeError):
        claims["sub"] = "acc_2"
    for number in range(MAX_REMEMBERED + 5):
        jwt._remember(number.to_bytes(4), number)
    assert len(jwt._remembered) == MAX_REMEMBERED


async def test_an_unknown_key_is_looked_for_once_more():
    jwt = a_jwt()
    await jwt.verify(forged({"alg": "ES256", "kid": "new", "typ": TYP}), typ=TYP)
    assert jwt._keyring.refreshed == 1


TOKENS = {
    algorithm: a_jwt().sign(CLAIMS, typ=TYP, algorithm=algorithm).encode()
    for algorithm in SigningAlgorithm
}
