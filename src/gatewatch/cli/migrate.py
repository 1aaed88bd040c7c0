"""``gatewatch migrate``: the database's tables."""

from argparse import ArgumentParser, Namespace

from gatewatch.backends.database import migrate
from gatewatch.cli.output import Output
from gatewatch.settings import Settings


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    parts.add_parser("up", help="apply what is pending").set_defaults(run=up)
    parts.add_parser("status", help="say what is applied and pending").set_defaults(run=status)
    down_parser = parts.add_parser("down", help="take migrations back")
    down_parser.add_argument("--steps", type=int, default=1, help="how many (default: 1)")
    down_parser.set_defaults(run=down)


def up(_arguments: Namespace, output: Output) -> int:
    """Apply what is pending; others that start at once wait."""
    settings = Settings.load().database
    return _say(migrate.up(settings.url.reveal(), settings.schema), output)


def status(_arguments: Namespace, output: Output) -> int:
    """Say whether the database is up to date; 1 when it is not."""
    settings = Settings.load().database
    return _say(migrate.status(settings.url.reveal(), settings.schema), output)


def down(arguments: Namespace, output: Output) -> int:
    """Take back the newest migrations."""
    settings = Settings.load().database
    _say(migrate.down(settings.url.reveal(), settings.schema, arguments.steps), output)
    return 0


def _say(found: migrate.Status, output: Output) -> int:
    up_to_date = not found.pending
    output.item(
        {
            "status": "up to date" if up_to_date else "pending",
            "current": found.current,
            "head": found.head,
            "pending": list(found.pending),
        }
    )
    return 0 if up_to_date else 1
