"""What a server does not use, it does not load."""

import subprocess
import sys

LOADED = """
import sys
from gatewatch.backends.database import Database, migrate
Database.build("sqlite:///any.db")
print(*[name for name in ("alembic", "asyncpg", "greenlet") if name in sys.modules])
"""


def test_neither_alembic_nor_asyncpg_is_loaded_for_sqlite():
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == []
