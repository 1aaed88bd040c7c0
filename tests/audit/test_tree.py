"""The tree, against the letter of RFC 6962 and a naive implementation of it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewatch.audit import tree
from gatewatch.audit.tree import Tree

# The inputs and roots of the reference implementation of Certificate Transparency.
INPUTS = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [tree.leaf_hash(each) for each in INPUTS]


def naive(leaves: list[bytes]) -> bytes:
    """MTH, as RFC 6962 section 2.1 writes it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH, as RFC 6962 section 2.1.1 writes it."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF, as RFC 6962 section 2.1.2 writes it."""
    n = len(leaves)
    if m == n:
        return [] if whole else [naive(leaves)]
    k = 1
    while 2 * k < n:
        k *= 2
    if m <= k:
        return [*naive_proof(m, leaves[:k], whole=whole), naive(leaves[k:])]
    return [*naive_proof(m - k, leaves[k:], whole=False), naive(leaves[:k])]


def grown(leaves: list[bytes]) -> Tree:
    made = Tree()
    made.extend(leaves)
    return made


def known(leaves: list[bytes]) -> tree.Nodes:
    return Tree().nodes(leaves)


trees = st.lists(st.binary(max_size=3).map(tree.leaf_hash), max_size=70)
cuts = st.tuples(trees.filter(bool), st.data())


def test_the_roots_of_the_reference_implementation_are_ours() -> None:
    assert [grown(LEAVES[:n]).root().hex() for n in range(1, 9)] == ROOTS
    assert Tree().root().hex() == sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_the_inclusion_proofs_of_the_reference_implementation_are_ours(index, size, proof) -> None:
    made = tree.inclusion_proof(known(LEAVES[:size]), index, size)
    assert [each.hex() for each in made] == proof
    root = bytes.fromhex(ROOTS[size - 1])
    assert tree.is_included(root, LEAVES[index], index, size, made)


@pytest.mark.parametrize(
    ("first", "size", "proof"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ],
)
def test_the_consistency_proofs_of_the_reference_implementation_are_ours(
    first, size, proof
) -> None:
    made = tree.consistency_proof(known(LEAVES[:size]), first, size)
    assert [each.hex() for each in made] == proof


@given(trees)
def test_a_tree_that_grows_has_the_root_of_one_made_at_once(leaves) -> None:
    made = grown(leaves)
    assert made.root() == naive(leaves)
    assert Tree.of(made.size, b"".join(made.peaks)) == made
    assert made.size == len(leaves)


@given(cuts)
def test_whatever_is_left_of_a_leaf_may_be_known_by_its_peaks_alone(cut) -> None:
    leaves, data = cut
    index = data.draw(st.integers(0, len(leaves) - 1))
    before = grown(leaves[: data.draw(st.integers(0, index))])
    nodes = before.nodes(leaves[before.size :])

    proof = tree.inclusion_proof(nodes, index, len(leaves))

    assert proof == naive_path(index, leaves)
    assert tree.root_of(nodes, 0, len(leaves)) == naive(leaves)
    assert tree.is_included(naive(leaves), leaves[index], index, len(leaves), proof)


@given(cuts)
def test_a_tree_is_shown_to_begin_another(cut) -> None:
    leaves, data = cut
    first = data.draw(st.integers(1, len(leaves)))
    before = grown(leaves[:first])

    proof = tree.consistency_proof(before.nodes(leaves[first:]), first, len(leaves))

    assert proof == naive_proof(first, leaves)
    assert tree.is_consistent(before.root(), first, naive(leaves), len(leaves), proof)


@given(cuts)
def test_no_other_leaf_place_size_or_step_will_do(cut) -> None:
    leaves, data = cut
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(known(leaves), index, size)
    root = naive(leaves)

    assert not tree.is_included(root, tree.leaf_hash(b"other"), index, size, proof)
    assert not tree.is_included(root, leaves[index], size, size, proof)
    assert not tree.is_included(root, leaves[index], index, size, [*proof, root])
    if proof:
        assert not tree.is_included(root, leaves[index], index, size, proof[:-1])
        at = data.draw(st.integers(0, len(proof) - 1))
        bent = [*proof[:at], tree.leaf_hash(proof[at]), *proof[at + 1 :]]
        assert not tree.is_included(root, leaves[index], index, size, bent)


@given(cuts)
def test_a_tree_that_was_changed_begins_no_other(cut) -> None:
    leaves, data = cut
    size = len(leaves)
    first = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(known(leaves), first, size)
    other = naive([tree.leaf_hash(b"other"), *leaves[1:first]])

    assert not tree.is_consistent(other, first, naive(leaves), size, proof)
    assert not tree.is_consistent(
        naive(leaves[:first]), first, tree.leaf_hash(b"other"), size, proof
    )
    assert not tree.is_consistent(
        naive(leaves[:first]), first, naive(leaves), size, [*proof, b"0" * 32]
    )


def test_an_empty_tree_begins_every_tree() -> None:
    assert tree.consistency_proof(known(LEAVES), 0, 8) == []
    assert tree.is_consistent(tree.EMPTY_ROOT, 0, bytes.fromhex(ROOTS[7]), 8, [])
    assert not tree.is_consistent(LEAVES[0], 0, bytes.fromhex(ROOTS[7]), 8, [])
    assert not tree.is_consistent(LEAVES[0], 9, bytes.fromhex(ROOTS[7]), 8, [])


def test_peaks_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="not the peaks of a tree of 3 leaves"):
        Tree.of(3, LEAVES[0])


def test_what_is_not_known_cannot_be_proven() -> None:
    with pytest.raises(KeyError):
        tree.inclusion_proof({}, 0, 2)
