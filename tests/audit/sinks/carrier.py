"""A process that ships until it is killed.

python -m tests.audit.sinks.carrier URL DATA_DIR HOLDER
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from tests.audit.desk import Desk
from tests.audit.sinks.post_office import PostOffice

from gatewatch.audit import shipper
from gatewatch.audit.sinks import courier
from gatewatch.backends import ephemeral
from gatewatch.backends.database import Database
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.time import SystemClock


async def carry(url: str, data_dir: Path, holder: str) -> None:
    shipper.TICK = courier.IDLE = 0.02
    courier.LEASE = timedelta(seconds=0.3)
    courier._RENEW = courier.LEASE / 3
    clock = SystemClock()
    database = Database.build(url)
    await database.open()
    shared = ephemeral.build(database, redis_url=None, data_dir=data_dir, clock=clock)
    await shared.open()
    meter = Meter(METRICS)
    journal = Desk(database, data_dir, clock).journal(meter)
    office = PostOffice(database, journal, shared, meter, clock)
    await office.shipper(holder).open()
    sys.stdout.write("shipping\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(carry(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
