"""A post office: sinks and a shipper over one database, and what tests do with them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.audit.desk import spool
from tests.audit.sinks.sealing import seal

from gatewatch.audit.feed import Feed
from gatewatch.audit.formats import Format, Observer
from gatewatch.audit.journal import Journal
from gatewatch.audit.shipper import Shipper
from gatewatch.audit.sinks.kinds import KINDS
from gatewatch.audit.sinks.rules import Filter, SinkPlan, StoredSink
from gatewatch.audit.sinks.service import Sinks
from gatewatch.backends.database import Database
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.actor import Actor
from gatewatch.kernel.secrets import Secret, SystemEntropy
from gatewatch.kernel.time import FixedClock

OPERATOR = Actor.operator("test")
KEY = Secret("a key of the tests' own, of no use elsewhere")


@dataclass
class PostOffice:
    database: Database
    journal: Journal
    ephemeral: Ephemeral
    meter: Meter
    clock: FixedClock
    sinks: Sinks = field(init=False)
    happened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sinks = Sinks(
            self.database,
            self.journal,
            Vault(KEY),
            self.clock,
            SystemEntropy(),
            Feed(self.database),
            Observer("https://id.example.com", "atlas", "0.1.0"),
        )

    def shipper(self, holder: str = "one") -> Shipper:
        return Shipper(
            self.sinks, self.journal, self.ephemeral, self.meter, self.clock, holder=holder
        )

    async def add(
        self, address: str, kind: SinkKind = SinkKind.WEBHOOK, name: str = "sink", **more: Any
    ) -> StoredSink:
        after = more.pop("after", None)
        form = Format(more.pop("form", KINDS[kind].form))
        wants = Filter(**more.pop("filter", {}))
        plan = SinkPlan(name=name, kind=kind, address=address, form=form, filter=wants, **more)
        return await self.sinks.add(plan, after=after, by=OPERATOR)

    async def happen(self, *identifiers: str) -> None:
        """Have people refused, in this order, and seal it."""
        for identifier in identifiers:
            spool(self.journal, identifier)
            self.clock.advance(milliseconds=1)
        self.happened += identifiers
        await self.seal()

    async def seal(self) -> None:
        await self.journal.flush()
        await seal(self.database)


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
