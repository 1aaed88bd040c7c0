"""What it takes to seal and to verify a long audit log.

    python -m bench.audit_proof [--rows 1000000] [postgresql://...]

Rows are written as the server writes them, without the server; then all of them are sealed, and
the log is verified whole, as ``gatewatch audit verify`` does.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gatewatch.audit import offline, seal_store, store
from gatewatch.audit.journal import Emitter, Journal
from gatewatch.audit.proofs import Proofs
from gatewatch.audit.row import AuditRow, Stamp, compose
from gatewatch.audit.sealer import Sealer
from gatewatch.backends.database import Database, migrate
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.login import LoginRefused, LoginSucceeded
from gatewatch.catalogue.metrics import METRICS
from gatewatch.catalogue.outcomes import LoginMethod, LoginOutcome
from gatewatch.kernel import ids
from gatewatch.kernel.actor import NOWHERE, Actor, Origin
from gatewatch.kernel.secrets import Secret, SystemEntropy
from gatewatch.kernel.time import FixedClock
from gatewatch.settings import Settings

START = datetime(2026, 2, 8, 10, tzinfo=UTC)
ENTROPY = SystemEntropy()
BENCH = Actor.operator("bench")
WRITTEN_AT_ONCE = 5_000


def event_row(number: int, clock: FixedClock, emitter: str) -> AuditRow:
    email = f"person{number % 5000}@example.com"
    if number % 4:
        event = LoginSucceeded(
            account_id=f"acc_{number % 5000:032x}",
            email=email,
            session_id=f"ses_{number:032x}",
            method=LoginMethod.PASSWORD,
        )
    else:
        event = LoginRefused(
            account_id=None,
            identifier=email,
            method=LoginMethod.PASSWORD,
            outcome=LoginOutcome.WRONG_PASSWORD,
        )
    now = clock.now()
    origin = Origin(
        address=f"198.51.100.{number % 250}",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        request_id=ids.request_id(now, ENTROPY),
        method="POST",
        path="/v1/auth/login",
    )
    stamp = Stamp(ids.event_id(now, ENTROPY), now, emitter, number + 1, number)
    clock.advance(milliseconds=10)
    return compose(event, stamp, Actor.account(f"acc_{number % 5000:032x}", email), origin)


class Stopwatch:
    """Measures the wall and this process's CPU, a row at a time."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def say(self, what: str, rows: int) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        each = 1e6 * cpu / rows
        print(f"{what:<26} {wall:8.2f} s  {cpu:8.2f} s of CPU  {each:7.2f} us a row", flush=True)
        self.begin()


async def measure(url: str, rows: int, folder: Path) -> None:
    migrate.up(url)
    settings = Settings.of(
        database_url=url, data_dir=str(folder), secret_key="a key of the bench's own, of no use"
    )
    database = Database.build(url, schema=settings.database.schema)
    await database.open()
    clock, meter = FixedClock(START), Meter(METRICS)
    emitter = ids.emitter_name(START, ENTROPY)
    journal = Journal(
        database,
        meter,
        clock,
        ENTROPY,
        settings.audit,
        emitter=Emitter("bench"),
        data_dir=folder,
    )
    vault = Vault(Secret("a key of the bench's own, of no use"))
    proofs = Proofs.of(settings, database, journal, vault, meter, clock)
    sealer = Sealer(MemoryEphemeral(clock), meter, clock, ENTROPY, proofs.heads, holder="bench")

    watch = Stopwatch()
    for first in range(0, rows, WRITTEN_AT_ONCE):
        batch = [event_row(first + n, clock, emitter) for n in range(WRITTEN_AT_ONCE)]
        await store.add(database, batch)
    watch.say("written", rows)
    sealed = await sealer.sweep()
    watch.say(f"sealed ({sealed})", rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = await proofs.verify([], None, by=BENCH, origin=NOWHERE)
    watch.say("verified", rows)
    assert report.sound, report.findings[:3]
    assert report.events == sealed, (report.events, sealed)
    print(f"{'more memory at the peak':<28} {(after() - before) / 1024:8.1f} MiB")

    path = folder / "evidence.ndjson"
    with path.open("wb") as file:
        async for line in proofs.evidence(by=BENCH, origin=NOWHERE):
            file.write(msgspec.json.encode(line) + b"\n")
    watch.say("written as evidence", rows)
    found = offline.verify(path, (await proofs.keys())[-1])
    watch.say("verified from evidence", rows)
    assert found.sound, found.findings[:3]
    row = await store.by_id(database, (await first_ids(database))[0])
    since = time.perf_counter()
    await proofs.receipt(row.id, by=BENCH, origin=NOWHERE)
    print(f"{'one receipt':<28} {1000 * (time.perf_counter() - since):8.2f} ms")
    await database.close()


def after() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def first_ids(database: Database) -> list[str]:

    return [seal.event_id for seal in await seal_store.seals(database, 1000, 1001)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url", nargs="?")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        url = given.url or f"sqlite:///{name}/gatewatch.db"
        asyncio.run(measure(url, given.rows, Path(name)))
