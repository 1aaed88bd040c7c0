"""The kinds of event that the log holds: of these there are few, however many events.

They are found by leaping through their index, from each kind to the next.
"""

from typing import Final, NamedTuple

from sqlalchemy import literal_column, select

from gatewatch.audit.search import KIND, Search
from gatewatch.audit.store import audit_logs, kind_of
from gatewatch.backends.database import Database, Statement


class Kind(NamedTuple):
    """What an event is, in the order of its index."""

    event_type: str
    action: str
    severity: str
    success: str
    resource_type: str

    @classmethod
    def read(cls, text: str) -> "Kind":
        """A kind from what its index holds."""
        return cls(*text.split(" ", 4))


async def kinds(database: Database) -> dict[str, Kind]:
    """Every kind that the log holds an event of, by what its index has for it."""
    return {text: Kind.read(text) for (text,) in await database.scan(_KINDS)}


async def fitting_kinds(database: Database, search: Search) -> list[str] | None:
    """The kinds that a search admits; None if it admits every one there is."""
    choices = [(name, choice) for name, choice in search.choices() if name in KIND]
    known = await kinds(database)
    fitting = [
        text
        for text, kind in known.items()
        if all(choice.admits(getattr(kind, name)) for name, choice in choices)
    ]
    return None if fitting and len(fitting) == len(known) else fitting


def _leaps() -> Statement:
    kind = kind_of(audit_logs)
    first = select(kind.label("kind")).order_by(kind).limit(literal_column("1"))
    found = select(first.scalar_subquery().label("kind")).cte("found", recursive=True)
    following = (
        select(kind).where(kind > found.c.kind).order_by(kind).limit(literal_column("1"))
    ).scalar_subquery()
    found = found.union_all(select(following).where(found.c.kind.is_not(None)))
    return Statement(select(found.c.kind).where(found.c.kind.is_not(None)))


_KINDS: Final = _leaps()
