"""``gatewatch audit``: the audit log, in a terminal."""

from argparse import ArgumentParser

from gatewatch.cli import audit_reading, holds, proof, sinks


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    audit_reading.register_tail(
        parts.add_parser("tail", help="print the newest events, the oldest first")
    )
    audit_reading.register_export(parts.add_parser("export", help="write events to a file"))
    audit_reading.register_explain(
        parts.add_parser("explain", help="tell what happened in a request, in plain words")
    )
    holds.register(parts.add_parser("holds", help="keep events, however old they get"))
    sinks.register(parts.add_parser("sinks", help="deliver the audit log to other systems"))
    proof.register(parts)
