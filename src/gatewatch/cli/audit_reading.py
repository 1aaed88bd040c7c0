"""What ``gatewatch audit`` reads: the newest events, a file of them, the story of a request."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, BinaryIO, Final

from gatewatch.admin.audit_export import wanted_of
from gatewatch.admin.filters import CHOICES, read_query
from gatewatch.audit.export import ExportFormat
from gatewatch.audit.formats.native import as_json
from gatewatch.audit.row import AuditRow
from gatewatch.audit.selections import Selection
from gatewatch.audit.span import at
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.kernel import ids
from gatewatch.kernel.actor import NOWHERE
from gatewatch.kernel.time import rfc3339

FOLLOW_SECONDS: Final = 1.0
"""How often to look for more: as often as spooled events become rows."""

_ONCE: Final = ("search", "since", "start_time", "end_time")


def register_tail(parser: ArgumentParser) -> None:
    """Declare ``gatewatch audit tail``."""
    parser.add_argument("-n", "--lines", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as they happen")
    add_filters(parser)
    parser.set_defaults(run=tail)


def register_export(parser: ArgumentParser) -> None:
    """Declare ``gatewatch audit export``."""
    parser.add_argument("--format", choices=[form.value for form in ExportFormat], default="csv")
    parser.add_argument("--selection", choices=[each.value for each in Selection])
    parser.add_argument("--subject", metavar="ACCOUNT", help="whose events, for --selection gdpr")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: standard output"
    )
    parser.add_argument(
        "--after", metavar="EVENT", help="go on behind this event, the last of a file broken off"
    )
    add_filters(parser)
    parser.set_defaults(run=export)


def register_explain(parser: ArgumentParser) -> None:
    """Declare ``gatewatch audit explain``."""
    parser.add_argument("request_id", metavar="REQUEST_ID", help="as an error page shows it")
    parser.set_defaults(run=explain)


async def tail(arguments: Namespace, output: Output) -> int:
    """Print the newest events, and what follows."""
    filters = filters_in(arguments)
    async with services() as server:
        await server.journal.flush()
        now = server.clock.now()
        asked = [*filters, ("page_size", str(arguments.lines))]
        query = read_query(asked, now)
        log, by = server.audit_log, operator()
        page = await log.page(query.search, None, query.size, by=by, origin=NOWHERE)
        _print(page.rows[::-1], output)
        newest = page.rows[0].id if page.rows else at(now)
        watch = log.watch(query.search, newest, by=by, origin=NOWHERE) if arguments.follow else None
        while watch is not None:
            await asyncio.sleep(FOLLOW_SECONDS)
            _print(await watch.more(), output)
    return 0


async def export(arguments: Namespace, output: Output) -> int:
    """Write events to a file, and say what it came to."""
    own = {name: getattr(arguments, name) for name in ("format", "selection", "subject")}
    given = {name: value for name, value in own.items() if value}
    filters = filters_in(arguments)
    if arguments.after:
        filters.append(("cursor", f"older.{arguments.after}"))
    async with services() as server:
        await server.journal.flush()
        now = server.clock.now()
        wanted = wanted_of(read_query(filters, now), given)
        export_id = ids.export_id(now, server.entropy)
        name = arguments.output.name if arguments.output else server.exports.file_name(wanted, now)
        with _opened(arguments.output) as file:
            async for chunk in server.exports.stream(
                wanted, export_id=export_id, file_name=name, by=operator(), origin=NOWHERE
            ):
                await asyncio.to_thread(file.write, chunk)
        checksum = await server.exports.checksum(export_id)
    if checksum is not None:
        output.remark(f"{checksum.sha256}  {checksum.file_name}")
        output.remark(f"{checksum.rows} events")
    return 0


async def explain(arguments: Namespace, output: Output) -> int:
    """Tell what happened in a request."""
    async with services() as server:
        await server.journal.flush()
        story = await server.audit_log.story(arguments.request_id, by=operator(), origin=NOWHERE)
    if output.as_json:
        output.item(
            {
                "request_id": story.request_id,
                "opening": story.opening,
                "lines": [
                    {"at": line.at, "text": line.text, "event_id": line.row.id}
                    for line in story.lines
                ],
            }
        )
    else:
        output.record({}, story.opening)
        for line in story.lines:
            aside = "" if line.row.request_id == story.request_id else "  (another request)"
            output.record({}, f"{rfc3339(line.at)}  {line.text}{aside}")
    return 0 if story.lines else 1


def add_filters(parser: ArgumentParser) -> None:
    """Declare an option for each filter."""
    for name in CHOICES:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, metavar="VALUE", action="append", default=[])
    for name in _ONCE:
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE")


def filters_in(arguments: Namespace) -> list[tuple[str, str]]:
    """The filters, as they would be written in an address."""
    said = [(name, value) for name in CHOICES for value in getattr(arguments, name)]
    return said + [(name, value) for name in _ONCE if (value := getattr(arguments, name))]


class _StandardOutput:
    """Standard output as a file that is not closed."""

    def __enter__(self) -> BinaryIO:
        return sys.stdout.buffer

    def __exit__(self, *_: object) -> None:
        sys.stdout.buffer.flush()


def _opened(path: Path | None) -> Any:
    return _StandardOutput() if path is None else path.open("wb")


def _print(rows: Any, output: Output) -> None:
    for row in rows:
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
