"""Verification of the log in the database: everything is computed anew, page by page."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from gatewatch.audit import seal_store as store
from gatewatch.audit.examination import Event, Examination, Unreadable, made_at
from gatewatch.audit.findings import Kind, Report
from gatewatch.audit.heads import ours, root_at, unseal
from gatewatch.audit.note import NotANoteError, Verifier, split
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow
from gatewatch.backends.database import Database
from gatewatch.backends.keys.vault import SealBrokenError, Vault

PAGE: Final = 5_000
"""Leaves that are read at once."""

LOOKED_THROUGH: Final = 20_000
"""Events that are looked through for seals at once."""

PATIENCE: Final = timedelta(minutes=15)
"""How much older than the newest checkpoint an event without a seal may be."""

_MOST: Final = 10 * PAGE
"""Checkpoints over a page at most: each is over one leaf at least."""

Page = tuple[list[tuple[SealRow, Event]], list[CheckpointRow]]


@dataclass(frozen=True, slots=True)
class Verify:
    """Examines the log in the database, with the key that the installation has sealed."""

    database: Database
    vault: Vault

    async def run(self, notes: Iterable[str] = (), public: bytes | None = None) -> Report:
        """Examine everything.

        Args:
            notes: checkpoints that were signed earlier, and known elsewhere
            public: the key that must have signed; if it is known elsewhere, too
        """
        trees = await store.trees(self.database)
        report = Report()
        trusted = await self._trusted(trees, public, report)
        examination = Examination(trusted, horizon(await store.purges(self.database)))
        examination.report = report
        for tree in trees:
            examination.begin(tree)
            await self._leaves(examination, tree)
            examination.end()
        examination.close()
        for note in notes:
            await self._known(note, trusted, trees, report)
        await self._beyond(report)
        await self._unsealed(trees, report)
        return report

    async def _trusted(self, trees: list[TreeRow], public: bytes | None, report: Report) -> bytes:
        """The public key that all must be signed with."""
        trusted = public
        for key_id in dict.fromkeys(tree.key_id for tree in trees):
            key = await store.key(self.database, key_id)
            try:
                signer = unseal(self.vault, key, key_id)
            except (SealBrokenError, ValueError):
                report.found(Kind.KEY_SWAPPED, key_id, "it was not sealed by this installation")
                continue
            trusted = trusted or signer.public
            if signer.public != trusted or key is None or key.public != trusted:
                report.found(Kind.KEY_SWAPPED, key_id, "it is not the key that signed")
        return trusted or b"\0" * 32

    async def _leaves(self, examination: Examination, tree: TreeRow) -> None:
        """Examine a tree's leaves; the next page is read while one is examined."""
        end = tree.first + tree.size
        coming = asyncio.create_task(self._page(tree, tree.first, end))
        for start in range(tree.first, end, PAGE):
            leaves, checkpoints = await coming
            upto = min(start + PAGE, end)
            coming = asyncio.create_task(self._page(tree, upto, end))
            await asyncio.to_thread(examination.page, start, upto, leaves, checkpoints)
        await coming

    async def _page(self, tree: TreeRow, start: int, end: int) -> Page:
        upto = min(start + PAGE, end)
        if start >= upto:
            return [], []
        after = start - tree.first
        over = await store.checkpoints(self.database, tree.epoch, after=after, most=_MOST)
        leaves = await self._sealed(start, upto)
        return leaves, [each for each in over if each.size <= upto - tree.first]

    async def _sealed(self, start: int, end: int) -> list[tuple[SealRow, Event]]:
        """Leaves with their events; an event that cannot be read does not hide the others."""
        try:
            return [*await store.sealed(self.database, start, end)]
        except (ValueError, TypeError, msgspec.MsgspecError):
            if end - start > 1:
                middle = (start + end) // 2
                return [*await self._sealed(start, middle), *await self._sealed(middle, end)]
            seals = await store.seals(self.database, start, end)
            return [(seal, Unreadable()) for seal in seals]

    async def _known(self, note: str, trusted: bytes, trees: list[TreeRow], report: Report) -> None:
        """Hold a tree against a checkpoint that is known elsewhere."""
        signed = ours(note, Verifier("any", trusted))
        if signed is None:
            report.found(Kind.FORGED, _named(note), "the known checkpoint is signed by another key")
            return
        where = f"{signed.origin} {signed.size}"
        tree = next((each for each in trees if each.origin == signed.origin), None)
        if tree is None or signed.size > tree.size:
            if any(where in remark for remark in report.remarks):
                return
            after = f"{tree.origin} {tree.size}" if tree else "nothing"
            report.found(Kind.TRUNCATED, where, f"this was signed, and what is there is {after}")
        elif await root_at(self.database, tree, signed.size) != signed.root:
            report.found(Kind.RESEALED, where, "the tree had another root when this was signed")

    async def _beyond(self, report: Report) -> None:
        """Look for seals that no tree has."""
        last = await store.last_position(self.database)
        tree = await store.tree(self.database)
        end = tree.first + tree.size if tree else 0
        if last >= end:
            report.found(Kind.INSERTED, f"positions {end} to {last}", "no tree has these seals")

    async def _unsealed(self, trees: list[TreeRow], report: Report) -> None:
        """Look for events without a seal among those that have one."""
        newest = await self._newest(trees)
        after = ""
        while True:
            stretch = await store.stretch(self.database, after=after, most=LOOKED_THROUGH)
            for row in stretch.unsealed:
                if newest is not None and newest - made_at(row.id) > PATIENCE:
                    report.found(Kind.INSERTED, row.id, "it has no seal, and others of its time do")
                else:
                    report.waiting += 1
            if stretch.events < LOOKED_THROUGH:
                return
            after = stretch.end

    async def _newest(self, trees: list[TreeRow]) -> datetime | None:
        if not trees:
            return None
        newest = await store.checkpoint(self.database, trees[-1].epoch, trees[-1].size)
        return newest.created_at if newest else None


def horizon(purges: Iterable[dict[str, Any]]) -> datetime | None:
    """Until when events were purged, as the log says."""
    said = [moment for each in purges if (moment := _moment(each.get("older_than"))) is not None]
    return max(said, default=None)


def _moment(text: object) -> datetime | None:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None


def _named(note: str) -> str:
    try:
        _, signatures = split(note)
    except NotANoteError:
        return "no note"
    return ", ".join(name for name, _ in signatures)
