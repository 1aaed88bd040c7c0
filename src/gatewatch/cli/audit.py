"""``gatewatch audit``: the audit log, in a terminal."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any, Final

from gatewatch.admin.filters import read_query
from gatewatch.audit.formats.native import as_json
from gatewatch.audit.log import Cursor, Direction
from gatewatch.audit.row import AuditRow
from gatewatch.cli import sinks
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.time import rfc3339
from gatewatch.services import Services

FOLLOW_SECONDS: Final = 1.0
"""How often to look for more: as often as spooled events become rows."""

FILTERS: Final = ("event_type", "action", "severity", "actor", "actor_ip", "client_id", "since")


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    tail_parser = parts.add_parser("tail", help="print the newest events, the oldest first")
    tail_parser.add_argument("-n", "--lines", type=int, default=20, help="how many (default: 20)")
    tail_parser.add_argument("-f", "--follow", action="store_true", help="go on as they happen")
    for name in FILTERS:
        tail_parser.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE")
    tail_parser.set_defaults(run=tail)
    sinks.register(parts.add_parser("sinks", help="deliver the audit log to other systems"))


async def tail(arguments: Namespace, output: Output) -> int:
    """Print the newest events."""
    given = {name: getattr(arguments, name) for name in FILTERS}
    filters = {name: value for name, value in given.items() if value}
    async with services() as server:
        await server.journal.flush()
        rows = await _page(server, {**filters, "page_size": str(arguments.lines)}, None)
        _print(rows, output)
        newest = rows[0].id if rows else None
        while arguments.follow:
            await asyncio.sleep(FOLLOW_SECONDS)
            beside = Cursor(Direction.NEWER, newest) if newest else None
            rows = await _page(server, {**filters, "page_size": "100"}, beside)
            _print(rows, output)
            newest = rows[0].id if rows else newest
    return 0


async def _page(
    server: Services, filters: Mapping[str, str], cursor: Cursor | None
) -> tuple[AuditRow, ...]:
    query = read_query(filters, server.clock.now())
    page = await server.audit_log.page(
        query.search, cursor, query.size, by=operator(), origin=NOWHERE
    )
    return page.rows


def _print(rows: tuple[AuditRow, ...], output: Output) -> None:
    for row in reversed(rows):
        output.record(as_json(row), _line(row))


def _line(row: AuditRow) -> str:
    parts: dict[str, Any] = {
        "actor": row.actor_name or row.actor_id or row.actor_type,
        "from": row.ip_address,
        "about": row.resource_name or row.resource_id,
        "reason": row.reason,
        "request": row.request_id,
    }
    told = "  ".join(f"{name}={value}" for name, value in parts.items() if value)
    return f"{rfc3339(row.created_at)}  {row.severity:<8}  {row.action:<34}  {told}"
