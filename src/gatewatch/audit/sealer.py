"""The sealer: gives each event its place in the tree, within seconds, and signs the tree's head.

Events become visible in no certain order: a transaction may take its time, a spool may wait for
days. So nothing is assumed of the order: an event is sealed when it is seen without a seal. What
is recent is looked through each time, what is less recent now and then, and everything in turn.

One process seals at a time, by a lease; what makes sure of it is the tree itself, which grows only
from the size that was judged.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

from gatewatch.audit import leaf
from gatewatch.audit import seal_store as store
from gatewatch.audit.gaps import missing_numbers
from gatewatch.audit.heads import Head, Heads
from gatewatch.audit.note import Checkpoint
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow, Stretch
from gatewatch.backends.database import Taken
from gatewatch.backends.ephemeral import Ephemeral
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.seals import AuditGapFound
from gatewatch.catalogue.metrics import AUDIT_SEAL_FAILURES, AUDIT_SEAL_LAG, AUDIT_TREE_SIZE
from gatewatch.kernel import ids
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock, stopwatch

TICK: Final = 1.5
"""Seconds between two passes."""

BATCH: Final = 500
"""Events between two checkpoints at most."""

STRETCH: Final = 2_000
"""Events that are looked through at once."""

RECENT: Final = timedelta(minutes=1)
"""What is looked through each time: longer than a transaction takes."""

LESS_RECENT: Final = timedelta(minutes=10)
"""What is looked through now and then."""

NOW_AND_THEN: Final = 20
"""Passes between two looks at what is less recent, and at a part of all the rest."""

PATROLLED: Final = 5
"""Stretches of the rest that are looked through at once."""

TURN: Final = timedelta(seconds=10)
"""How long one process has the turn after its last pass."""

TOLD: Final = 100
"""Numbers of missing events that are told at most."""

_LEASE: Final = "audit:sealer"
_START: Final = ""
_log: Final[Log] = logger("gatewatch.audit")


class Sealer:
    """Seals events; `holder` is a name that this process alone has."""

    def __init__(
        self,
        ephemeral: Ephemeral,
        meter: Meter,
        clock: Clock,
        entropy: Entropy,
        heads: Heads,
        *,
        holder: str,
    ) -> None:
        self._database = heads.database
        self._ephemeral = ephemeral
        self._journal = heads.journal
        self._meter = meter
        self._clock = clock
        self._entropy = entropy
        self._heads = heads
        self._witnesses = heads.witnesses
        self._holder = holder
        self._head: Head | None = None
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._passes = 0
        self._patrol = _START
        self._not_before = 0.0
        self._failing = False

    async def open(self) -> None:
        """Begin to seal, a tick from now."""
        self._task = asyncio.create_task(self._run(), name="gatewatch audit sealer")

    async def close(self) -> None:
        """Seal what is there, if it is this process's turn, and stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            if self._passes:  # a short command leaves it to the server
                await self._attempt()
        if self._head is not None:
            with suppress(Exception):
                await self._ephemeral.release(_LEASE, self._holder)
        self._head = None
        await self._witnesses.close()

    async def run_once(self) -> int:
        """Seal what is found without a seal; how many events that were."""
        async with self._turn:
            return await self._pass()

    async def sweep(self) -> int:
        """Look through everything, and seal what has no seal; how many events that were."""
        async with self._turn:
            return await self._seal_from(_START)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if stopwatch() >= self._not_before:
                await self._attempt()

    async def _attempt(self) -> None:
        try:
            await self.run_once()
        except Exception as error:  # noqa: BLE001 - the next tick is another chance
            self._head = None
            self._meter.tally(AUDIT_SEAL_FAILURES)
            if not self._failing:
                _log.error("audit: events cannot be sealed: %r", error)
            self._failing = True
        else:
            self._failing = False

    async def _pass(self) -> int:
        now = self._clock.now()
        thorough = self._passes % NOW_AND_THEN == 0
        self._passes += 1
        back = LESS_RECENT if thorough else RECENT
        sealed = await self._seal_from(ids.earliest(ids.event_id, now - back))
        if thorough:
            sealed += await self._seal_rest()
        if self._head is not None:
            await self._look_for_gaps(self._head)
        return sealed

    async def _seal_from(self, after: str) -> int:
        sealed = 0
        self._meter.set(AUDIT_SEAL_LAG, 0.0)
        async for stretch in self._stretches(after):
            sealed += await self._seal(stretch.unsealed)
        return sealed

    async def _seal_rest(self) -> int:
        """Look through some more of everything; go on for as long as something is found."""
        sealed = looked = 0
        async for stretch in self._stretches(self._patrol):
            found = await self._seal(stretch.unsealed)
            sealed, looked = sealed + found, looked + (not found)
            self._patrol = stretch.end
            if looked >= PATROLLED:
                return sealed
        self._patrol = _START
        return sealed

    async def _stretches(self, after: str) -> AsyncIterator[Stretch]:
        while True:
            stretch = await store.stretch(self._database, after=after, most=STRETCH)
            if stretch.events:
                yield stretch
            if stretch.events < STRETCH:
                return
            after = stretch.end

    async def _seal(self, rows: list[AuditRow]) -> int:
        """Seal events, if it is this process's turn; how many were."""
        sealed = 0
        for at in range(0, len(rows), BATCH):
            batch = rows[at : at + BATCH]
            head = await self._take_turn()
            if head is None or not await self._grow(head, batch):
                oldest = min(row.created_at for row in rows[at:])
                lag = (self._clock.now() - oldest).total_seconds()
                self._meter.set(AUDIT_SEAL_LAG, max(0.0, lag))
                break
            sealed += len(batch)
        return sealed

    async def _take_turn(self) -> Head | None:
        if not await self._ephemeral.lease(_LEASE, self._holder, TURN):
            self._head = None
            self._not_before = stopwatch() + TURN.total_seconds() / 2
            return None
        if self._head is None:
            try:
                self._head = await self._heads.take_over()
            except Taken:
                return None
        return self._head

    async def _grow(self, head: Head, rows: list[AuditRow]) -> bool:
        """Add events to the tree and sign its head; False if the tree has grown meanwhile."""
        seals = await asyncio.to_thread(self._seals, head.next_position, rows)
        tree, emitters = head.tree.copy(), head.emitters.copy()
        tree.extend(seal.leaf_hash for seal in seals)
        for row in rows:
            emitters.count(row)
        signed = Checkpoint(head.origin, tree.size, tree.root())
        note = head.signer.sign(signed)
        checkpoint = CheckpointRow(
            head.epoch, tree.size, b"".join(tree.peaks), note, self._clock.now()
        )
        change = store.growth(head.epoch, head.tree.size, emitters.written(), seals, checkpoint)
        try:
            won = await self._database.commit(change)
        except Taken:
            won = False
        if not won:
            self._head = None
            return False
        head.tree, head.emitters = tree, emitters
        self._meter.set(AUDIT_TREE_SIZE, head.next_position)
        await self._witnesses.tell(note)
        return True

    def _seals(self, first: int, rows: list[AuditRow]) -> list[SealRow]:
        """In a thread: the leaves of some events, each with a salt of its own."""
        seals = []
        for position, row in enumerate(rows, first):
            salt = self._entropy.bytes(leaf.SALT_BYTES)
            seals.append(SealRow(position, row.id, leaf.digest(row, salt), salt, None))
        return seals

    async def _look_for_gaps(self, head: Head) -> None:
        """Where fewer events came than there were, make sure of it, and tell."""
        if not head.emitters.short():
            return
        # What is missing may only be late.
        await self._seal_from(_START)
        if self._head is not head:
            return
        for emitter in head.emitters.short():
            there = await store.sequences(self._database, emitter)
            missing = head.emitters.settle(emitter, len(there))
            if missing:
                gone = tuple(missing_numbers(there)[:TOLD])
                event = AuditGapFound(emitter=emitter, missing=missing, sequences=gone)
                self._journal.spool(event, actor=SYSTEM, origin=NOWHERE)
