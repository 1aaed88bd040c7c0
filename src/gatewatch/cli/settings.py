"""``gatewatch settings``: what is in effect, and where it came from."""

from argparse import ArgumentParser, Namespace

from gatewatch.cli.output import Output
from gatewatch.settings import Settings


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    parts.add_parser("show", help="print every setting and its source").set_defaults(run=show)


def show(_arguments: Namespace, output: Output) -> int:
    """Print the settings in effect, secrets masked."""
    rows = [
        {"variable": each.variable, "value": each.value, "source": each.source.value}
        for each in Settings.load().shown()
    ]
    output.table(rows, empty="no settings")
    return 0
