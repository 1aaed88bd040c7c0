"""Legal holds, as an operator places and releases them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatewatch.audit import hold_store
from gatewatch.audit.hold_store import Hold
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.audit.words import wanted_in
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.audit import AuditHoldPlaced, AuditHoldReleased
from gatewatch.kernel import ids
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock

Read = Callable[[str], Search]
"""Reads filters as they are written in an address."""


@dataclass(frozen=True, slots=True)
class Holds:
    """Keeps events from being removed."""

    database: Database
    journal: Journal
    clock: Clock
    entropy: Entropy

    async def list(self) -> Sequence[Hold]:
        """Every hold, the oldest first."""
        return await hold_store.every(self.database)

    async def place(self, name: str, query: str, *, by: Actor, origin: Origin) -> Hold:
        """Keep what some filters find."""
        now = self.clock.now()
        hold = Hold(ids.hold_id(now, self.entropy), name, query, now)
        event = AuditHoldPlaced(hold_id=hold.id, name=name, filters=query)
        async with self.database.work() as work:
            await hold_store.add(work, hold)
            await self.journal.record(work, event, actor=by, origin=origin)
        return hold

    async def release(self, hold_id: str, *, by: Actor, origin: Origin) -> Hold:
        """Let go what a hold keeps.

        Raises:
            Refusal: not_found.
        """
        async with self.database.work() as work:
            hold = await hold_store.by_id(work, hold_id)
            if hold is not None and await hold_store.remove(work, hold_id):
                event = AuditHoldReleased(hold_id=hold.id, name=hold.name, filters=hold.query)
                await self.journal.record(work, event, actor=by, origin=origin)
        if hold is None:
            raise Refusal("not_found", "There is no such hold.")
        return hold


def keeps(search: Search, row: AuditRow) -> bool:
    """Whether a search would find an event."""
    if search.start_time and row.created_at < search.start_time:
        return False
    if search.end_time and row.created_at > search.end_time:
        return False
    if search.search is not None and not wanted_in(search.search).is_met_by(row):
        return False
    return all(
        choice.admits_address(row.ip_address)
        if name == "actor_ip"
        else choice.admits(getattr(row, _FIELDS.get(name, name)))
        for name, choice in search.choices()
    )


_FIELDS = {"actor": "actor_id", "success": "status"}
"""What a filter is about, where it has a name of its own."""
