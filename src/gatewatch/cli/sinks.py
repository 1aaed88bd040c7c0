"""``gatewatch audit sinks``: where else the audit log is delivered to."""

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gatewatch.admin.filters import EVENT_TYPES
from gatewatch.audit.feed import BEFORE_ALL
from gatewatch.audit.formats import Format
from gatewatch.audit.sinks.kinds import CERTIFICATE, HEADER, KINDS, SECRET, facility
from gatewatch.audit.sinks.port import Delivery
from gatewatch.audit.sinks.rules import Filter, SinkPlan, StoredSink
from gatewatch.audit.sinks.service import Tested
from gatewatch.catalogue.event import Severity
from gatewatch.catalogue.outcomes import SinkKind, SinkTest
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import rfc3339
from gatewatch.services import Services
from gatewatch.settings.durations import parse_duration

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110 section 5.6.2)."""

_LETTERS: Final = 100
"""Dead letters shown at once."""


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    _register_add(parts)
    list_parser = parts.add_parser("list", help="list the sinks, and how they fare")
    list_parser.set_defaults(run=list_all)
    for name, run, told in (
        ("test", test, "send a heartbeat now, and say whether it arrived"),
        ("remove", remove, "deliver no more, and forget the sink"),
        ("pause", pause, "deliver no more for the time being"),
        ("resume", resume, "go on where it was paused"),
        ("letters", letters, "list the events that it would not have"),
        ("resend", resend, "send it again what it would not have"),
    ):
        _named(parts, name, told).set_defaults(run=run)
    replay_parser = _named(parts, "replay", "send it again what happened since")
    replay_parser.add_argument(
        "--since", metavar="TIME", required=True, help="24h, 2026-02-08T10:00:00Z, or start"
    )
    replay_parser.set_defaults(run=replay)


def _register_add(parts: Any) -> None:
    parser = parts.add_parser("add", help="deliver the log to another system, from now on")
    kinds = [kind.value for kind in SinkKind]
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--name", required=True, help="what to call it")
    parser.add_argument("--url", help="where it is: https://..., tls://host:6514, /path/of/a/file")
    parser.add_argument("--format", choices=[form.value for form in Format])
    parser.add_argument(
        "--min-severity",
        choices=[severity.value for severity in Severity],
        default=Severity.INFO.value,
        help="only what is at least so grave",
    )
    parser.add_argument(
        "--event-type", action="append", default=[], help="only these; may be repeated"
    )
    parser.add_argument("--since", metavar="TIME", help="begin earlier: 24h, a moment, or start")
    parser.add_argument(
        "--secret-file", type=Path, help="its token, API key, or shared secret; - is standard input"
    )
    parser.add_argument(
        "--header-file",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a header to send along, and the file that has its value; may be repeated",
    )
    parser.add_argument("--authorities", type=Path, help="PEM file of whom to trust for TLS")
    parser.add_argument("--certificate", type=Path, help="PEM file to show, with its key")
    parser.add_argument("--index", help="of Splunk or Elasticsearch")
    parser.add_argument("--tags", help="of Datadog, as in env:prod,team:security")
    parser.add_argument("--facility", type=int, help="of syslog, 0 to 23 (default: 13, log audit)")
    parser.set_defaults(run=add)


def _named(parts: Any, name: str, told: str) -> ArgumentParser:
    part: ArgumentParser = parts.add_parser(name, help=told)
    part.add_argument("name", metavar="NAME")
    return part


async def add(arguments: Namespace, output: Output) -> int:
    """Add a sink; a webhook's secret, if it was made here, is printed now and never again."""
    plan = _plan(arguments)
    async with services() as server:
        after = await _position(server, arguments.since) if arguments.since else None
        sink = await server.sinks.add(plan, after=after, by=operator())
    made = SECRET in sink.plan.secrets and SECRET not in plan.secrets
    shown = {"secret": sink.plan.secrets[SECRET].reveal()} if made else {}
    output.item({**_shown(sink, 0), **shown})
    if made:
        output.remark("Keep the secret now: it is not shown again.")
    if sink.plan.address.startswith(("http:", "tcp:")):
        output.remark("What goes there is not encrypted on its way.")
    return 0


async def list_all(_arguments: Namespace, output: Output) -> int:
    """List the sinks."""
    async with services() as server:
        found = await server.sinks.all()
        letters_of = await server.sinks.letter_counts()
        end = await server.sinks.feed.end()
    rows = [
        {**_shown(sink, letters_of.get(sink.id, 0)), "behind": max(end - sink.cursor, 0)}
        for sink in found
    ]
    if output.as_json:
        output.table(rows, empty="")
    else:
        columns = ("name", "kind", "state", "behind", "dead_letters", "round_trip_seconds")
        told = [{name: row[name] for name in (*columns, "last_error")} for row in rows]
        output.table(told, empty="The audit log is delivered nowhere.")
    return 0


async def test(arguments: Namespace, output: Output) -> int:
    """Send a sink a heartbeat; 1 if it did not arrive."""
    async with services() as server:
        tested = await server.sinks.test(arguments.name, by=operator())
    output.item(
        {
            "outcome": tested.outcome.value,
            "seconds": round(tested.seconds, 3),
            "receipt": tested.delivery == Delivery.ACKNOWLEDGED,
            "error": tested.error,
        }
    )
    output.remark(_verdict(tested))
    return 0 if tested.outcome is SinkTest.DELIVERED else 1


async def remove(arguments: Namespace, output: Output) -> int:
    """Forget a sink."""
    async with services() as server:
        sink = await server.sinks.remove(arguments.name, by=operator())
    output.item({"removed": sink.plan.name, "position": sink.cursor})
    return 0


async def pause(arguments: Namespace, output: Output) -> int:
    """Deliver to a sink no more for the time being."""
    async with services() as server:
        sink = await server.sinks.pause(arguments.name, by=operator())
    output.item(_shown(sink, None))
    return 0


async def resume(arguments: Namespace, output: Output) -> int:
    """Go on where a sink was paused."""
    async with services() as server:
        sink = await server.sinks.resume(arguments.name, by=operator())
    output.item(_shown(sink, None))
    return 0


async def replay(arguments: Namespace, output: Output) -> int:
    """Send a sink again what happened since a moment."""
    async with services() as server:
        after = await _position(server, arguments.since)
        sink = await server.sinks.replay(arguments.name, after=after, by=operator())
    output.item(_shown(sink, None))
    return 0


async def letters(arguments: Namespace, output: Output) -> int:
    """List the events that a sink would not have."""
    async with services() as server:
        found = await server.sinks.letters(arguments.name, after=BEFORE_ALL, count=_LETTERS)
    rows = [
        {"position": each.position, "event_id": each.event_id, "error": each.error}
        for each in found
    ]
    output.table(rows, empty="It refused nothing.")
    return 0


async def resend(arguments: Namespace, output: Output) -> int:
    """Send a sink again what it would not have; 1 if it still will not have some."""
    async with services() as server:
        taken, left = await server.sinks.resend(arguments.name)
    output.item({"taken": taken, "refused": left})
    return 0 if not left else 1


def _plan(arguments: Namespace) -> SinkPlan:
    kind = SinkKind(arguments.kind)
    unknown = [each for each in arguments.event_type if each not in EVENT_TYPES]
    if unknown:
        raise Refusal("invalid_input", f"There is no event type {unknown[0]!r}.")
    wanted = Filter(Severity(arguments.min_severity), tuple(dict.fromkeys(arguments.event_type)))
    return SinkPlan(
        name=arguments.name,
        kind=kind,
        address=arguments.url or "",
        form=Format(arguments.format) if arguments.format else KINDS[kind].form,
        filter=wanted,
        options=_options(arguments),
        secrets=_secrets(arguments),
    )


def _options(arguments: Namespace) -> Mapping[str, Any]:
    given = {
        "authorities": _text(arguments.authorities),
        "index": arguments.index,
        "tags": arguments.tags,
        "facility": None if arguments.facility is None else facility(arguments.facility),
    }
    return {name: value for name, value in given.items() if value is not None}


def _secrets(arguments: Namespace) -> Mapping[str, Secret]:
    given = {SECRET: _text(arguments.secret_file), CERTIFICATE: _text(arguments.certificate)}
    for header in arguments.header_file:
        name, _, file = header.partition("=")
        if not file or not _HEADER_NAME.fullmatch(name):
            raise Refusal("invalid_input", "A header is given as --header-file NAME=FILE.")
        given[HEADER + name.lower()] = _text(Path(file))
    return {name: Secret(value) for name, value in given.items() if value is not None}


def _text(path: Path | None) -> str | None:
    """What a file says, without the line's end that an editor leaves."""
    if path is None:
        return None
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("invalid_input", f"{path} cannot be read: {error}") from error
    return text.rstrip("\r\n")


async def _position(server: Services, text: str) -> int:
    """The position before a moment, as far as the log goes back."""
    if text == "start":
        return BEFORE_ALL
    return await server.sinks.feed.before(_moment(text, server.clock.now()))


def _moment(text: str, now: datetime) -> datetime:
    """A duration before now, or a moment, in UTC unless it says otherwise."""
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Refusal("invalid_input", f"{text!r} is no time to begin at.") from None


def _shown(sink: StoredSink, dead_letters: int | None) -> dict[str, Any]:
    plan = sink.plan
    return {
        "id": sink.id,
        "name": plan.name,
        "kind": plan.kind.value,
        "address": plan.address,
        "format": plan.form.value,
        "min_severity": plan.filter.min_severity.value,
        "event_types": list(plan.filter.event_types),
        "state": sink.state.value,
        "position": sink.cursor,
        "failures": sink.failures,
        "last_error": sink.last_error,
        "last_error_at": rfc3339(sink.last_error_at) if sink.last_error_at else None,
        "delivered_at": rfc3339(sink.delivered_at) if sink.delivered_at else None,
        "heartbeat_at": rfc3339(sink.heartbeat_at) if sink.heartbeat_at else None,
        "round_trip_seconds": sink.round_trip.total_seconds() if sink.round_trip else None,
        "dead_letters": dead_letters,
        "created_at": rfc3339(sink.created_at),
    }


def _verdict(tested: Tested) -> str:
    match tested.outcome:
        case SinkTest.DELIVERED if tested.delivery is Delivery.SENT:
            return "It was sent; syslog has no receipts, so look for it there."
        case SinkTest.DELIVERED:
            return "It arrived."
        case SinkTest.UNREACHABLE:
            return "It did not arrive: the receiver is away, or turns us away."
        case SinkTest.REFUSED:
            return "The receiver answered, and would not have it."
