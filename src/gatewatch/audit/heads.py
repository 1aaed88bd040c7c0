"""The head of the tree: taking it over, judging whether it is what was signed, beginning anew.

A tree is never signed on that is not the one that was signed before. Where what is found in the
database contradicts a checkpoint that is known (it is shorter, as after a restore from a backup,
or has another root), a new epoch begins: a new tree, with an origin of its own, whose first event
says what was found and what was signed.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewatch.audit import seal_store as store
from gatewatch.audit.gaps import Emitters
from gatewatch.audit.journal import Journal
from gatewatch.audit.note import Checkpoint, NotANoteError, Signer, UnsignedError, Verifier
from gatewatch.audit.seal_store import CheckpointRow, KeyRow, TreeRow
from gatewatch.audit.tree import Tree
from gatewatch.audit.witness import Witnesses
from gatewatch.backends.database import Database, Taken
from gatewatch.backends.keys.vault import Vault
from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events.seals import AuditRolledBack, AuditSealingBegan
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.time import Clock

PURPOSE: Final = "audit checkpoint key"
"""What the private key is sealed for."""


@dataclass(slots=True)
class Head:
    """The tree that grows, as far as it has grown."""

    epoch: int
    origin: str
    first: int
    tree: Tree
    emitters: Emitters
    signer: Signer

    @property
    def next_position(self) -> int:
        """Where the next leaf goes."""
        return self.first + self.tree.size


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a tree cannot be signed on."""

    reason: str
    signed: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Heads:
    """Finds the head of the tree, and begins a tree where there is none to go on with.

    `issuer` names the server that signs.
    """

    database: Database
    journal: Journal
    vault: Vault
    clock: Clock
    witnesses: Witnesses
    issuer: str

    async def take_over(self) -> Head:
        """The tree to go on with.

        Raises:
            Taken: another process began it just now.
        """
        # What is known to have been signed is read first: by then, the database had it, too.
        signed = await self.witnesses.remembered()
        found = await store.tree(self.database)
        if found is None:
            return await self._begin_first()
        key = await store.key(self.database, found.key_id)
        signer = unseal(self.vault, key, found.key_id)
        fault = await self._fault(found, Verifier(found.origin, signer.public), signed)
        if fault is None:
            return await self._go_on(found, signer)
        return await self._begin_anew(found, signer, fault)

    async def _go_on(self, found: TreeRow, signer: Signer) -> Head:
        newest = await store.checkpoint(self.database, found.epoch, found.size)
        peaks = newest.peaks if newest else b""
        emitters = Emitters.read(found.emitters)
        tree = Tree.of(found.size, peaks)
        return Head(found.epoch, found.origin, found.first, tree, emitters, signer)

    async def _fault(self, found: TreeRow, verifier: Verifier, signed: list[str]) -> Fault | None:
        """What contradicts a tree: itself, or what is known to have been signed."""
        newest = await store.checkpoint(self.database, found.epoch, found.size)
        last = await store.last_position(self.database)
        if last != found.first + found.size - 1 or not agrees(newest, verifier, found.size):
            known = ours(newest.note, verifier) if newest else None
            return Fault("the tree is not what its checkpoint says", known)
        for known in filter(None, (ours(note, verifier) for note in signed)):
            later = epoch_of(known.origin) - found.epoch
            if later > 0 or (later == 0 and known.size > found.size):
                return Fault("the tree is older than what was signed", known)
            if later == 0 and await root_at(self.database, found, known.size) != known.root:
                return Fault("the tree is not the one that was signed", known)
        return None

    async def _begin_first(self) -> Head:
        private = await asyncio.to_thread(Ed25519PrivateKey.generate)
        signer = Signer(private)
        key_id = signer.public.hex()
        sealed = self.vault.seal(PURPOSE, private.private_bytes_raw(), key_id)
        key = KeyRow(key_id, signer.public, sealed, self.clock.now())
        origin = self._origin(1)
        first = await store.last_position(self.database) + 1
        event = AuditSealingBegan(origin=origin, key=str(Verifier(origin, signer.public)))
        head = Head(1, origin, first, Tree(), Emitters(), signer)
        return await self._begin(head, event, key=key)

    async def _begin_anew(self, found: TreeRow, signer: Signer, fault: Fault) -> Head:
        signed = fault.signed
        epoch = 1 + max(found.epoch, epoch_of(signed.origin) if signed else 0)
        origin = self._origin(epoch)
        event = AuditRolledBack(
            origin=origin,
            reason=fault.reason,
            found=f"{found.origin} {found.size}",
            signed=f"{signed.origin} {signed.size} {signed.root.hex()}" if signed else None,
        )
        last = await store.last_position(self.database)
        first = max(last + 1, found.first + found.size)
        emitters = Emitters.read(found.emitters)
        head = Head(epoch, origin, first, Tree(), emitters, signer)
        return await self._begin(head, event, after=found)

    async def _begin(
        self, head: Head, event: Event, *, key: KeyRow | None = None, after: TreeRow | None = None
    ) -> Head:
        tree = TreeRow(
            head.epoch,
            head.origin,
            head.signer.public.hex(),
            head.first,
            0,
            head.emitters.written(),
            self.clock.now(),
        )
        change = store.beginning(tree, key, after)
        await self.journal.record(change, event, actor=SYSTEM, origin=NOWHERE)
        if not await self.database.commit(change):
            raise Taken("the tree has grown meanwhile: it is not as it was judged")
        return head

    def _origin(self, epoch: int) -> str:
        where = urlsplit(self.issuer)
        return f"{where.netloc}{where.path.rstrip('/')}/audit/{epoch}"


def unseal(vault: Vault, key: KeyRow | None, key_id: str) -> Signer:
    """The key that signs checkpoints.

    Raises:
        SealBrokenError: what is kept is not what was sealed, or not for this key.
    """
    sealed = b"" if key is None else key.sealed
    return Signer(Ed25519PrivateKey.from_private_bytes(vault.open(PURPOSE, sealed, key_id)))


def agrees(newest: CheckpointRow | None, verifier: Verifier, size: int) -> bool:
    """Say whether a tree's newest checkpoint is signed, and is of this size and these peaks."""
    if newest is None:
        return size == 0
    try:
        signed = verifier.open(newest.note)
        root = Tree.of(newest.size, newest.peaks).root()
    except ValueError:
        return False
    return newest.size == signed.size == size and signed.root == root


def ours(note: str, verifier: Verifier) -> Checkpoint | None:
    """A checkpoint that was signed with this key, for whichever epoch."""
    try:
        named = verifier.under(Checkpoint.read(note).origin)
        return named.open(note)
    except (NotANoteError, UnsignedError):
        return None


def epoch_of(origin: str) -> int:
    """Which epoch an origin names."""
    number = origin.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0


async def root_at(database: Database, tree: TreeRow, size: int) -> bytes:
    """The root that a tree had when it had so many leaves, as its leaves are now."""
    newest = await store.checkpoint(database, tree.epoch, size)
    grown = Tree.of(newest.size, newest.peaks) if newest else Tree()
    seals = await store.seals(database, tree.first + grown.size, tree.first + size)
    grown.extend(seal.leaf_hash for seal in seals)
    return grown.root()
