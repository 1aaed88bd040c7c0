"""Signed notes and checkpoints, by the letter of C2SP."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.audit.note import (
    Checkpoint,
    NotANoteError,
    Signer,
    UnsignedError,
    Verifier,
    notes,
    split,
)

# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
# The key of the documentation of golang.org/x/mod/sumdb/note, and what it signed.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
SIGNED = Checkpoint("auth.example.com/audit/1", 7, b"r" * 32)
NOTE = SIGNER.sign(SIGNED)
KEY = Verifier(SIGNED.origin, SIGNER.public)


def test_the_specifications_example_is_read() -> None:
    found = Checkpoint.read(EXAMPLE)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert EXAMPLE.startswith(found.text)


def test_a_note_of_another_implementation_is_verified() -> None:
    key = Verifier.read(GO_KEY)
    assert str(key) == GO_KEY
    # It is signed rightly, and is no checkpoint.
    with pytest.raises(NotANoteError, match="a checkpoint says"):
        key.open(GO_NOTE)
    with pytest.raises(UnsignedError):
        key.open(GO_NOTE.replace("answer", "question"))


def test_what_is_signed_is_read_back() -> None:
    assert KEY.open(NOTE) == SIGNED
    assert Verifier.read(str(KEY)) == KEY
    assert NOTE.split("\n")[:4] == ["auth.example.com/audit/1", "7", NOTE.split("\n")[2], ""]


def test_signatures_of_others_are_no_matter() -> None:
    other = Signer(Ed25519PrivateKey.generate()).sign(SIGNED)
    assert KEY.open(NOTE + other.rpartition("\n\n")[2]) == SIGNED
    with pytest.raises(UnsignedError, match="no signature is by"):
        KEY.open(other)


@given(st.data())
def test_a_note_with_anything_changed_is_not_opened(data) -> None:
    at = data.draw(st.integers(0, len(NOTE) - 1))
    put = data.draw(st.characters(codec="utf-8"))
    bent = NOTE[:at] + put + NOTE[at + 1 :]
    try:
        opened = KEY.open(bent)
    except (NotANoteError, UnsignedError):
        return
    assert opened == SIGNED  # nothing but Base64's spare bits can differ
    assert bent.partition("\n\n")[0] == NOTE.partition("\n\n")[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\n1\n\n\n",
        "a\n1\nx=\n\n\u2014 a AAAA\n",
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("\u2014", "-"),
        EXAMPLE[:-1],
        EXAMPLE + "\n" * 20_000,
    ],
)
def test_what_is_no_checkpoint_is_refused(text) -> None:
    with pytest.raises(NotANoteError):
        Checkpoint.read(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a+b+c", GO_KEY.replace("c74f20a3", "c74f20a4"), GO_KEY[:-4], "+" + GO_KEY]
)
def test_what_is_no_key_is_refused(text) -> None:
    with pytest.raises(NotANoteError):
        Verifier.read(text)


def test_notes_are_found_one_after_another_in_a_file() -> None:
    assert notes(f"{NOTE}\n{EXAMPLE}\n") == [NOTE, EXAMPLE]
    assert notes(f"{NOTE}{EXAMPLE}") == [NOTE, EXAMPLE]
    assert notes("") == []
    assert notes(NOTE[:-30]) == [] or split(notes(NOTE[:-30])[0])
