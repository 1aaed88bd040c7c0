"""Tables and statements to try the database with: tickets that are spent, entries that say so."""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
)

from gatewatch.backends.database import (
    Change,
    Database,
    Digest,
    Document,
    Guard,
    Insert,
    Lookup,
    Moment,
    Params,
    Statement,
)
from gatewatch.backends.database.migrate import up, with_connection

NOW = datetime(2026, 2, 8, 10, 0, 0, 123456, tzinfo=UTC)
SCHEMA = "gatewatch"
TABLES = MetaData()

tickets = Table(
    "tickets",
    TABLES,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("spent_at", Moment),
)
entries = Table(
    "entries",
    TABLES,
    Column("id", Text, primary_key=True),
    Column("ticket_id", Text, ForeignKey("tickets.id")),
    Column("at", Moment),
    Column("digest", Digest),
    Column("details", Document),
    Column("loud", Boolean),
)

ADD_TICKET = Insert(tickets)
ADD_ENTRY = Insert(entries)
TICKET = Lookup(select(tickets), key=tickets.c.id)
ENTRY = Lookup(select(entries), key=entries.c.id)
ENTRIES = Statement(select(entries.c.id).order_by(entries.c.id))
COUNT = Statement(select(func.count()).select_from(entries))
SPEND = Guard(
    tickets,
    key=tickets.c.id,
    where=tickets.c.state == "live",
    values={"state": "spent", "spent_at": bindparam("now")},
)
RENAME = Statement(
    tickets.update().where(tickets.c.id == bindparam("which")).values(state=bindparam("to"))
)


def make(url: str) -> None:
    """Make the tables in a new database."""
    up(url, SCHEMA)
    with_connection(url, SCHEMA, _create)


def _create(connection: Connection) -> None:
    TABLES.create_all(connection)


def spending(ticket: str, entry: str) -> Change:
    """Spend a ticket, and say so."""
    change = Change(guard=(SPEND, {"key": ticket, "now": NOW}))
    change.add(ADD_ENTRY, {"id": entry, "ticket_id": ticket, "at": NOW})
    return change


def entering(entry: str, **more: object) -> Change:
    """Add an entry."""
    change = Change()
    change.add(ADD_ENTRY, {"id": entry, **more})
    return change


def ticket(name: str) -> Params:
    """A live ticket."""
    return {"id": name, "state": "live"}


async def issue(database: Database, name: str = "one") -> None:
    """Put a live ticket into the database."""
    async with database.work() as work:
        await work.add(ADD_TICKET, ticket(name))


async def count(database: Database) -> int:
    """How many entries are durable."""
    row = await database.look.one(COUNT)
    assert row is not None
    return int(row[0])
