"""``gatewatch audit holds``: what is kept, however old it gets."""

from argparse import ArgumentParser, Namespace
from typing import Any
from urllib.parse import urlencode

from gatewatch.admin.filters import read_query
from gatewatch.audit.hold_store import Hold
from gatewatch.cli.audit_reading import add_filters, filters_in
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import rfc3339


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    place_parser = parts.add_parser("place", help="keep what some filters find")
    place_parser.add_argument("name", metavar="NAME", help="such as the number of a case")
    add_filters(place_parser)
    place_parser.set_defaults(run=place)
    parts.add_parser("list", help="list every hold").set_defaults(run=list_all)
    release_parser = parts.add_parser("release", help="let what a hold keeps go")
    release_parser.add_argument("hold_id", metavar="ID")
    release_parser.set_defaults(run=release)


async def place(arguments: Namespace, output: Output) -> int:
    """Keep what some filters find; without any, everything."""
    filters = filters_in(arguments)
    if any(name == "since" for name, _ in filters):
        raise Refusal("invalid_input", "A hold does not move on: give --start-time, not --since.")
    async with services() as server:
        read_query(filters, server.clock.now())
        query = urlencode(filters)
        hold = await server.holds.place(arguments.name, query, by=operator(), origin=NOWHERE)
    output.item(_shown(hold))
    return 0


async def list_all(_arguments: Namespace, output: Output) -> int:
    """List every hold."""
    async with services() as server:
        holds = await server.holds.list()
    output.table([_shown(hold) for hold in holds], empty="Nothing is held.")
    return 0


async def release(arguments: Namespace, output: Output) -> int:
    """Let what a hold keeps go."""
    async with services() as server:
        hold = await server.holds.release(arguments.hold_id, by=operator(), origin=NOWHERE)
    output.item(_shown(hold))
    return 0


def _shown(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "name": hold.name,
        "filters": hold.query or "everything",
        "created_at": rfc3339(hold.created_at),
    }
