"""A worker that records events until it is killed, and says after each that it is kept.

python -m tests.audit.recorder URL DATA_DIR METRICS_DESCRIPTOR FIRST
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from tests.audit.desk import ADA, refused, signed_in

from gatewatch.audit.journal import Emitter, Journal
from gatewatch.backends.database import Change, Database
from gatewatch.backends.telemetry import memory
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.actor import ANONYMOUS, NOWHERE
from gatewatch.kernel.secrets import SystemEntropy
from gatewatch.kernel.time import SystemClock
from gatewatch.settings import AuditSettings

SLOTS = 3


async def record(url: str, data_dir: Path, descriptor: int, slot: int, first: int) -> None:
    database = Database.build(url)
    await database.open()
    journal = Journal(
        database,
        Meter(METRICS, memory=memory.attach(descriptor), slot=slot, slots=SLOTS),
        SystemClock(),
        SystemEntropy(),
        AuditSettings(),
        emitter=Emitter(f"recorder-{first}", slot, SLOTS),
        data_dir=data_dir,
    )
    await journal.open()
    await asyncio.gather(*(work(database, journal, first + n * 10_000) for n in range(4)))


async def work(database: Database, journal: Journal, first: int) -> None:
    for number in itertools.count(first):
        if number % 3:
            journal.spool(refused(f"spooled-{number}"), actor=ANONYMOUS, origin=NOWHERE)
            answer(f"spooled-{number}")
            await asyncio.sleep(0)
        else:
            change = Change()
            event = signed_in(f"committed-{number}")
            await journal.record(change, event, actor=ADA, origin=NOWHERE)
            await database.commit(change)
            answer(f"committed-{number}")


def answer(name: str) -> None:
    os.write(1, f"{name}\n".encode())


if __name__ == "__main__":
    url, data_dir, descriptor, slot, first = sys.argv[1:]
    asyncio.run(record(url, Path(data_dir), int(descriptor), int(slot), int(first)))
