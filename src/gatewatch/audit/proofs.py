"""Proofs, for who asks for one: checkpoints, the key, receipts, evidence, and verification."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from gatewatch.audit import evidence, receipt, store
from gatewatch.audit import seal_store as seals
from gatewatch.audit.findings import Report
from gatewatch.audit.heads import Heads
from gatewatch.audit.journal import Journal
from gatewatch.audit.note import Verifier
from gatewatch.audit.seal_store import TreeRow
from gatewatch.audit.tree import Tree
from gatewatch.audit.verify import PAGE, Verify
from gatewatch.audit.witness import Witnesses
from gatewatch.backends.database import Database
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.seals import AuditProofTaken, AuditVerified
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import Clock
from gatewatch.settings import Settings


@dataclass(frozen=True, slots=True)
class Proofs:
    """What can be shown of the sealed log."""

    database: Database
    vault: Vault
    heads: Heads

    @classmethod
    def of(
        cls,
        settings: Settings,
        database: Database,
        journal: Journal,
        vault: Vault,
        meter: Meter,
        clock: Clock,
    ) -> Self:
        """Make everything that seals are made and shown with; touches nothing."""
        witnesses = Witnesses(settings.audit, settings.instance.data_dir, meter)
        heads = Heads(database, journal, vault, clock, witnesses, settings.web.issuer)
        return cls(database, vault, heads)

    async def checkpoint(self, size: int | None = None) -> str | None:
        """The newest signed checkpoint, or the one of the newest tree's that has a size."""
        tree = await seals.tree(self.database)
        if tree is None:
            return None
        wanted = tree.size if size is None else size
        found = await seals.checkpoint(self.database, tree.epoch, wanted)
        return found.note if found and found.size == wanted else None

    async def keys(self) -> list[Verifier]:
        """The key of each epoch, under the name that it signs with; the newest last."""
        return [await self._key(tree) for tree in await seals.trees(self.database)]

    async def receipt(self, event_id: str, *, by: Actor, origin: Origin) -> dict[str, Any]:
        """The proof that an event is in the log.

        Raises:
            Refusal: not_found, without such an event; not_sealed, while it has no place yet.
        """
        row = await store.by_id(self.database, event_id)
        if row is None:
            raise Refusal("not_found", "There is no such event, or it is no longer kept.")
        seal = await seals.seal_of(self.database, event_id)
        tree = None if seal is None else await self._tree_of(seal.position)
        over = None
        if seal is not None and tree is not None:
            index = seal.position - tree.first
            over = await seals.checkpoint_over(self.database, tree.epoch, index)
        if seal is None or tree is None or over is None:
            raise Refusal("not_sealed", "The event is not sealed yet; it will be within seconds.")
        under = await seals.checkpoint(self.database, tree.epoch, seal.position - tree.first)
        before = Tree.of(under.size, under.peaks) if under else Tree()
        start, end = tree.first + before.size, tree.first + over.size
        batch = await seals.seals(self.database, start, end)
        self._taken(event_id, by, origin)
        return receipt.write(row, seal, before, batch, over, await self._key(tree))

    async def evidence(self, *, by: Actor, origin: Origin) -> AsyncIterator[dict[str, Any]]:
        """The whole sealed log, line by line, as it can be verified elsewhere."""
        self._taken(None, by, origin)
        for tree in await seals.trees(self.database):
            yield evidence.tree_line(tree, str(await self._key(tree)))
            for start in range(tree.first, tree.first + tree.size, PAGE):
                end = min(start + PAGE, tree.first + tree.size)
                for seal, row in await seals.sealed(self.database, start, end):
                    yield evidence.event_line(row, seal)
            after = 0
            while found := await seals.checkpoints(
                self.database, tree.epoch, after=after, most=PAGE
            ):
                for each in found:
                    yield evidence.checkpoint_line(each)
                after = found[-1].size

    async def verify(
        self, notes: list[str], key: Verifier | None, *, by: Actor, origin: Origin
    ) -> Report:
        """Examine the log, against what is known here and what is given."""
        known = await self.heads.witnesses.remembered()
        public = key.public if key else None
        report = await Verify(self.database, self.vault).run([*known, *notes], public)
        event = AuditVerified(
            sound=report.sound, events=report.events, findings=len(report.findings)
        )
        self.heads.journal.spool(event, actor=by, origin=origin)
        return report

    def _taken(self, event_id: str | None, by: Actor, origin: Origin) -> None:
        self.heads.journal.spool(AuditProofTaken(event_id=event_id), actor=by, origin=origin)

    async def _key(self, tree: TreeRow) -> Verifier:
        key = await seals.key(self.database, tree.key_id)
        return Verifier(tree.origin, key.public if key else b"")

    async def _tree_of(self, position: int) -> TreeRow | None:
        trees = await seals.trees(self.database)
        return next((tree for tree in reversed(trees) if tree.first <= position), None)
