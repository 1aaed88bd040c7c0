import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.backends.keys.vault import SealBrokenError, Vault
from gatewatch.kernel.secrets import Secret

KEY = Secret("0123456789abcdefghijklmnopqrstuvwxyz")
VAULT = Vault(KEY)


@given(st.binary(), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_as_it_was(plaintext, context):
    sealed = VAULT.seal("test", plaintext, context)
    assert VAULT.open("test", sealed, context) == plaintext
    assert len(sealed) == 1 + 12 + len(plaintext) + 16


@given(st.data())
def test_a_seal_with_any_bit_changed_is_broken(data):
    sealed = bytearray(VAULT.seal("test", b"secret", "here"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        VAULT.open("test", bytes(sealed), "here")


@pytest.mark.parametrize("length", range(30))
def test_a_seal_cut_short_is_broken(length):
    with pytest.raises(SealBrokenError):
        VAULT.open("test", VAULT.seal("test", b"secret", "here")[:length], "here")


def test_a_seal_opens_for_its_own_purpose_context_and_key_alone():
    sealed = VAULT.seal("test", b"secret", "here")
    other = Vault(Secret("zyxwvutsrqponmlkjihgfedcba9876543210"))
    for vault, purpose, context in (
        (VAULT, "tests", "here"),
        (VAULT, "test", "there"),
        (other, "test", "here"),
    ):
        with pytest.raises(SealBrokenError):
            vault.open(purpose, sealed, context)


def test_equal_secrets_are_sealed_differently():
    assert VAULT.seal("test", b"secret", "here") != VAULT.seal("test", b"secret", "here")


def test_the_check_value_tells_keys_apart():
    other = Vault(Secret("zyxwvutsrqponmlkjihgfedcba9876543210"))
    assert VAULT.check_value() == Vault(KEY).check_value()
    assert VAULT.check_value() != other.check_value()


def test_a_derived_key_serves_one_purpose():
    assert len(VAULT.key("forms")) == 32
    assert VAULT.key("forms") == Vault(KEY).key("forms")
    assert VAULT.key("forms") != VAULT.key("cookies")
