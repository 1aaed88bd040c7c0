"""What the audit tests share: events, journals, and the account they must balance."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from gatewatch.audit import pages
from gatewatch.audit.journal import Emitter, Journal
from gatewatch.audit.search import Search
from gatewatch.backends.database import Database
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.event import Durability
from gatewatch.catalogue.events.login import LoginRefused, LoginSucceeded
from gatewatch.catalogue.metrics import AUDIT_DROPPED, AUDIT_EMITTED, AUDIT_IN_FLIGHT, AUDIT_STORED
from gatewatch.catalogue.outcomes import DropReason, LoginMethod, LoginOutcome
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE, Actor, Origin
from gatewatch.kernel.secrets import SystemEntropy
from gatewatch.kernel.time import Clock
from gatewatch.settings import AuditSettings

ADA = Actor.account("acc_ada", "ada@example.com")


def signed_in(account_id: str = "acc_ada") -> LoginSucceeded:
    return LoginSucceeded(
        account_id=account_id,
        email="ada@example.com",
        session_id="ses_1",
        method=LoginMethod.PASSWORD,
    )


def refused(identifier: str = "ada@example.com") -> LoginRefused:
    return LoginRefused(
        account_id=None,
        identifier=identifier,
        method=LoginMethod.PASSWORD,
        outcome=LoginOutcome.WRONG_PASSWORD,
    )


def spool(journal, *identifiers: str, origin: Origin = NOWHERE) -> None:
    for identifier in identifiers:
        journal.spool(refused(identifier), actor=ANONYMOUS, origin=origin)


async def names(database) -> list[str | None]:
    """What the events that a test wrote are about; a purge's own event is about nothing."""
    rows = await pages.page(database, Search(), count=1000)
    return sorted(str(row.resource_name) for row in rows if row.action != "audit.purged")


async def are_rows(database, expected: list[str]) -> bool:
    return await names(database) == expected


async def until(true: Callable[[], Awaitable[bool]], *, seconds: float = 10) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)


def account(meter: Meter, durability: Durability = Durability.SPOOLED) -> tuple[float, ...]:
    """Emitted, stored, in flight, dropped."""
    dropped = sum(meter.value(AUDIT_DROPPED, durability, reason) for reason in DropReason)
    emitted, stored, in_flight = (
        meter.value(metric, durability) for metric in (AUDIT_EMITTED, AUDIT_STORED, AUDIT_IN_FLIGHT)
    )
    assert emitted == stored + in_flight + dropped
    return emitted, stored, in_flight, dropped


@dataclass
class Desk:
    """Makes journals over one database and one folder."""

    database: Database
    data_dir: Path
    clock: Clock

    def journal(self, meter: Meter, *, slot: int = 0, slots: int = 1, **settings) -> Journal:
        return Journal(
            self.database,
            meter,
            self.clock,
            SystemEntropy(),
            AuditSettings(**settings),
            emitter=Emitter(f"test-{slot}", slot, slots),
            data_dir=self.data_dir,
        )
