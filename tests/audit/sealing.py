"""What the tests of seals share: sealers over one database, and events to seal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from tests.audit.desk import ADA, Desk, signed_in

from gatewatch.audit import seal_store
from gatewatch.audit.heads import Heads
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.seal_store import CheckpointRow, SealRow, TreeRow
from gatewatch.audit.sealer import Sealer
from gatewatch.audit.store import audit_logs
from gatewatch.audit.witness import Witnesses
from gatewatch.backends.database import Change, Database, Statement
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.actor import NOWHERE, Origin
from gatewatch.kernel.secrets import Secret, SystemEntropy
from gatewatch.kernel.time import FixedClock
from gatewatch.settings import AuditSettings

VAULT = Vault(Secret("a key of the tests' own, of no use elsewhere"))
ISSUER = "https://auth.example.com"
ROWS = Statement(select(audit_logs).order_by(audit_logs.c.id))
SOMEWHERE = Origin(address="198.51.100.7", user_agent="curl/8.5.0", path="/v1/auth/login")


@dataclass
class Office:
    """Makes sealers and journals over one database; each is as another process's."""

    desk: Desk
    database: Database
    clock: FixedClock
    journal: Journal
    meter: Meter = field(default_factory=lambda: Meter(METRICS))
    ephemeral: MemoryEphemeral | None = None

    def __post_init__(self) -> None:
        self.ephemeral = self.ephemeral or MemoryEphemeral(self.clock)

    def witnesses(self, data_dir: Path | None = None, **settings) -> Witnesses:
        return Witnesses(AuditSettings(**settings), data_dir or self.desk.data_dir, self.meter)

    def sealer(
        self,
        holder: str = "one",
        *,
        data_dir: Path | None = None,
        ephemeral: MemoryEphemeral | None = None,
        vault: Vault = VAULT,
        **settings,
    ) -> Sealer:
        witnesses = self.witnesses(data_dir, **settings)
        heads = Heads(self.database, self.journal, vault, self.clock, witnesses, ISSUER)
        return Sealer(
            ephemeral or self.ephemeral,
            self.meter,
            self.clock,
            SystemEntropy(),
            heads,
            holder=holder,
        )

    async def record(self, *account_ids: str, journal: Journal | None = None) -> None:
        """Commit an event about each."""
        for account_id in account_ids:
            change = Change()
            await (journal or self.journal).record(
                change, signed_in(account_id), actor=ADA, origin=SOMEWHERE
            )
            await self.database.commit(change)
            self.clock.advance(seconds=0.01)

    async def rows(self) -> list[AuditRow]:
        """Every event, by its id."""
        return [AuditRow(*row) for row in await self.database.scan(ROWS)]

    async def seals(self) -> list[SealRow]:
        return await seal_store.seals(self.database, 0, 10**9)

    async def tree(self) -> TreeRow:
        tree = await seal_store.tree(self.database)
        assert tree is not None
        return tree

    async def checkpoint(self) -> CheckpointRow:
        tree = await self.tree()
        found = await seal_store.checkpoint(self.database, tree.epoch, tree.size)
        assert found is not None
        return found

    async def actions(self) -> list[str]:
        await self.journal.flush()
        return [row.action for row in await self.rows()]


def spooled(journal: Journal, events: Sequence) -> None:
    for event in events:
        journal.spool(event, actor=ADA, origin=NOWHERE)
