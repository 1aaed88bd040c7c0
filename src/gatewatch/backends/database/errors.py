"""What the slices need to know of a driver's errors, whichever driver it was."""

import sqlite3
from typing import Final

from gatewatch.catalogue.outcomes import Dependency
from gatewatch.kernel.errors import GatewatchError, Outage

_UNIQUE: Final = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}

_OUTAGES: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
"""Locked for too long, or a disk that is full, broken, or gone; each is a primary result code."""

_PRIMARY: Final = 0xFF
"""The bits of an extended result code that are the primary one (sqlite.org/rescode.html)."""


class Taken(GatewatchError):
    """A value that only one row may have is another row's already; nothing was written."""


def outage(error: BaseException) -> Outage:
    """Say of a driver's error that the database does not answer."""
    told = Outage(Dependency.DATABASE, f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def of_sqlite(error: BaseException) -> BaseException:
    """The same error in the slices' words, if they have one for it."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _UNIQUE:
        taken = Taken(str(error))
        taken.__cause__ = error
        return taken
    if isinstance(error, OSError) or code & _PRIMARY in _OUTAGES:
        return outage(error)
    return error
