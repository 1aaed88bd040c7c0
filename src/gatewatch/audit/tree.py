"""A Merkle tree over a log that only grows (RFC 6962 section 2.1): pure arithmetic of hashes.

Leaves and inner nodes are told apart by a prefix, so neither can pass for the other. What is kept
of a tree is its peaks: the roots of the perfect subtrees that it is made of, one for each bit that
is set in its size. From them it grows, and its root follows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

HASH_BYTES: Final = 32
"""SHA-256 (RFC 6962 section 2.1)."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

Span = tuple[int, int]
"""Leaves from the first to before the second."""

Nodes = Mapping[Span, bytes]
"""Hashes of subtrees that are known, by the leaves that they cover."""


def leaf_hash(data: bytes) -> bytes:
    """Hash what a leaf holds."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees to the one above them."""
    return sha256(_NODE + left + right).digest()


@dataclass(slots=True)
class Tree:
    """A tree as far as it has grown: how many leaves, and its peaks from the left."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, peaks: bytes) -> Self:
        """The tree of so many leaves, from its peaks one after another.

        Raises:
            ValueError: a tree of this size has another number of peaks.
        """
        if len(peaks) != size.bit_count() * HASH_BYTES:
            raise ValueError(f"{len(peaks)} bytes are not the peaks of a tree of {size} leaves")
        return cls(size, [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)])

    def append(self, leaf: bytes) -> None:
        """Add a leaf, by its hash."""
        size, peaks = self.size, self.peaks
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves, by their hashes, in order."""
        for leaf in leaves:
            self.append(leaf)

    def copy(self) -> "Tree":
        """The same tree, to grow on by itself."""
        return Tree(self.size, list(self.peaks))

    def root(self) -> bytes:
        """The hash of all of it (RFC 6962 section 2.1)."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root

    def nodes(self, leaves: Iterable[bytes] = ()) -> dict[Span, bytes]:
        """What is known of a tree that has this one's leaves, and then these."""
        known: dict[Span, bytes] = {}
        start = 0
        for peak, width in zip(self.peaks, _widths(self.size), strict=True):
            known[start, start + width] = peak
            start += width
        for at, leaf in enumerate(leaves, start):
            known[at, at + 1] = leaf
        return known


def root_of(nodes: Nodes, start: int, end: int) -> bytes:
    """The root over some of the leaves.

    Raises:
        KeyError: too little is known of them.
    """
    known = nodes.get((start, end))
    if known is not None:
        return known
    if end - start <= 1:
        raise KeyError((start, end))
    middle = start + _left(end - start)
    return node_hash(root_of(nodes, start, middle), root_of(nodes, middle, end))


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The hashes that lead from a leaf to the root (RFC 6962 section 2.1.1).

    Raises:
        KeyError: too little is known of the tree.
    """
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(root_of(nodes, middle, end))
            end = middle
        else:
            path.append(root_of(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, first: int, size: int) -> list[bytes]:
    """The hashes that show a tree to be the beginning of another (RFC 6962 section 2.1.2).

    Raises:
        KeyError: too little is known of the trees.
    """
    if first in {0, size}:
        return []
    path: list[bytes] = []
    start, end = 0, size
    while first != end:
        middle = start + _left(end - start)
        if first <= middle:
            path.append(root_of(nodes, middle, end))
            end = middle
        else:
            path.append(root_of(nodes, start, middle))
            start = middle
    if start:
        path.append(root_of(nodes, start, end))
    return path[::-1]


def is_included(root: bytes, leaf: bytes, index: int, size: int, proof: list[bytes]) -> bool:
    """Say whether a proof leads from a leaf to a root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(step, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    first_root: bytes, first: int, root: bytes, size: int, proof: list[bytes]
) -> bool:
    """Say whether a proof shows one tree to begin the other (RFC 9162 section 2.1.4.2)."""
    if first in {0, size}:
        return not proof and (first_root == root if first else first_root == EMPTY_ROOT)
    if not 0 < first < size:
        return False
    steps = [first_root, *proof] if first.bit_count() == 1 else proof
    if not steps:
        return False
    here, last = first - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, step)
        here, last = here >> 1, last >> 1
    return last == 0 and old == first_root and new == root


def _left(size: int) -> int:
    """The largest power of two that is less than `size`: how many leaves are on the left."""
    return 1 << (size - 1).bit_length() - 1


def _widths(size: int) -> list[int]:
    """The numbers of leaves below the peaks, from the left."""
    return [1 << bit for bit in reversed(range(size.bit_length())) if size >> bit & 1]
