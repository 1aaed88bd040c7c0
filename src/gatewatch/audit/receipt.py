"""Receipts: the proof that one event is in the log, to be verified without the log.

::

    {"event": {...}, "seal": {...}, "index": 1043, "proof": ["<Base64>", ...],
     "checkpoint": "<signed note>", "key": "<name>+<id>+<Base64>"}

The proof leads from the event to the root that the checkpoint says (RFC 6962 section 2.1.1).
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gatewatch.audit import evidence, tree
from gatewatch.audit.leaf import leaf_hash
from gatewatch.audit.note import NotANoteError, UnsignedError, Verifier
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow
from gatewatch.audit.tree import Tree

INVALID: Final = "the receipt is not one, or is not whole"


class InvalidReceiptError(ValueError):
    """A receipt proves nothing."""


def write(
    row: AuditRow,
    seal: SealRow,
    before: Tree,
    batch: list[SealRow],
    checkpoint: CheckpointRow,
    key: Verifier,
) -> dict[str, Any]:
    """Write the receipt of an event.

    Args:
        row: the event
        seal: its leaf
        before: the tree as it was before the leaves that were sealed together with this one
        batch: those leaves, this one among them
        checkpoint: what was signed over them
        key: the key that signed
    """
    index = before.size + seal.position - batch[0].position
    nodes = before.nodes(each.leaf_hash for each in batch)
    proof = tree.inclusion_proof(nodes, index, checkpoint.size)
    return {
        **evidence.event_line(row, seal),
        "index": index,
        "proof": [b64encode(each).decode() for each in proof],
        "checkpoint": checkpoint.note,
        "key": str(key),
    }


def verify(receipt: Mapping[str, Any], key: Verifier) -> AuditRow:
    """The event that a receipt proves to be in the log of whoever has the key.

    Raises:
        InvalidReceiptError: it proves nothing.
    """
    try:
        row, seal = evidence.read_event(receipt)
        signed = key.under(str(receipt["checkpoint"]).split("\n")[0]).open(receipt["checkpoint"])
        index = msgspec.convert(receipt["index"], int)
        proof = [b64decode(each, validate=True) for each in receipt["proof"]]
    except UnsignedError:
        raise InvalidReceiptError("its checkpoint was not signed by this key") from None
    except (NotANoteError, ValueError, TypeError, KeyError, msgspec.MsgspecError):
        raise InvalidReceiptError(INVALID) from None
    if row is None or not evidence.is_sealed(row, seal):
        raise InvalidReceiptError("the event is not the one that was sealed")
    leaf = leaf_hash(seal.event_id, seal.digest)
    if not tree.is_included(signed.root, leaf, index, signed.size, proof):
        raise InvalidReceiptError("the event is not in the tree that was signed")
    return row
