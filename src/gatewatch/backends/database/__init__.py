"""The database: SQLAlchemy Core describes, the drivers execute.

SQLite and Postgres are not two implementations of a port: the slices' statements are the same,
and what differs is how they are carried out (`sqlite`, `postgres`).
"""

from gatewatch.backends.database.change import Change
from gatewatch.backends.database.columns import Digest, Document, Moment, metadata
from gatewatch.backends.database.dialect import Engine
from gatewatch.backends.database.errors import Taken
from gatewatch.backends.database.futures import Callback
from gatewatch.backends.database.statement import (
    Guard,
    Insert,
    Lookup,
    Params,
    Row,
    Statement,
)
from gatewatch.backends.database.sweep import Sweep
from gatewatch.backends.database.work import Database, Look, Work

__all__ = [
    "Callback",
    "Change",
    "Database",
    "Digest",
    "Document",
    "Engine",
    "Guard",
    "Insert",
    "Look",
    "Lookup",
    "Moment",
    "Params",
    "Row",
    "Statement",
    "Sweep",
    "Taken",
    "Work",
    "metadata",
]
