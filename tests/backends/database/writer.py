"""A process that writes: `writer.py URL NAME COUNT` says each entry's id once it is durable."""

import asyncio
import sys

from tests.backends.database.ledger import entering

from gatewatch.backends.database import Database

CALLERS = 8


async def write(url: str, name: str, count: int) -> None:
    database = Database.build(url)
    await database.open()

    async def caller(first: int) -> None:
        for number in range(first, count, CALLERS):
            entry = f"{name}{number:06}"
            await database.commit(entering(entry))
            sys.stdout.write(f"{entry}\n")
            sys.stdout.flush()

    await asyncio.gather(*map(caller, range(CALLERS)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3])))
