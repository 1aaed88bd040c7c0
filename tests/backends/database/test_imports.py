"""What a server does not use, it does not load."""

import subprocess
import sys

LOADED = """
import sys
from gatewatch.backends.database import Database, migrate
Database.build("sqlite:///any.db")
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"alembic", "asyncpg", "greenlet"}))
"""


def test_neither_alembic_nor_asyncpg_is_loaded_for_sqlite():
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == []
