"""``gatewatch``: every command, and how each ends."""

import asyncio
import os
import sys
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import iscoroutine
from typing import Any, Final

from gatewatch.cli.output import Output
from gatewatch.kernel.errors import EX_CONFIG, ConfigurationError, Outage, Refusal

EX_INTERRUPTED: Final = 130
"""Exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""

EX_UNAVAILABLE: Final = 69
"""Exit status when the database or Redis does not answer (sysexits.h)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, the module that has it, and one sentence."""

    name: str
    module: str
    sentence: str

    def register(self, parser: ArgumentParser) -> None:
        """Declare its arguments; its module is loaded only when it is the one asked for."""
        register: Callable[[ArgumentParser], None] = import_module(self.module).register
        register(parser)


COMMANDS: Final = (
    Command("serve", "gatewatch.cli.serve", "run the server"),
    Command("login", "gatewatch.cli.login", "sign this terminal in, through a browser"),
    Command("accounts", "gatewatch.cli.accounts", "create, list, disable and enable accounts"),
    Command("clients", "gatewatch.cli.clients", "create, list, disable and enable OAuth clients"),
    Command("audit", "gatewatch.cli.audit", "read the audit log"),
    Command("migrate", "gatewatch.cli.migrate", "bring the database's tables up to date"),
    Command("settings", "gatewatch.cli.settings", "show the settings in effect"),
    Command("doctor", "gatewatch.cli.doctor", "check that everything is as it should be"),
)
"""Every command, in the order that the help shows them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did what was asked, 78 when the settings cannot work."""
    _hold_standard_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(as_json=False)
    try:
        return _run(words)
    except ConfigurationError as error:
        for problem in error.problems:
            output.remark(f"error: {problem}")
        return EX_CONFIG
    except Refusal as refusal:
        output.remark(f"error: {refusal.public}")
        return 1
    except Outage as outage:
        output.remark(f"error: the {outage}")
        return EX_UNAVAILABLE
    except KeyboardInterrupt:
        return EX_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:  # a disk that is full, a file that is another user's
        output.remark(f"error: {error}")
        return 1


def _run(words: Sequence[str]) -> int:
    arguments = _parser(words).parse_args(words)
    ended = arguments.run(arguments, Output(as_json=arguments.json))
    return int(asyncio.run(ended) if iscoroutine(ended) else ended)


def _hold_standard_streams() -> None:
    """Keep 0, 1 and 2 taken: a descriptor that is free becomes the next file that is opened.

    Whoever starts us with one of them closed would have the log written into the database.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def parser_of(command: Command) -> ArgumentParser:
    """The parser of one command, with everything that it takes."""
    parser = ArgumentParser(
        prog=f"gatewatch {command.name}", description=f"{command.sentence}.".capitalize()
    )
    command.register(parser)
    _add_json(parser)
    return parser


def parts_of(parser: ArgumentParser) -> list[ArgumentParser]:
    """What a command can be asked to do: its parts, and theirs; itself if it has none."""
    parts = [
        each
        for action in parser._actions  # noqa: SLF001 - argparse has no public way to list parts
        if isinstance(action, _SubParsersAction)
        for part in action.choices.values()
        for each in parts_of(part)
    ]
    return parts or [parser]


def _parser(words: Sequence[str]) -> ArgumentParser:
    parser = ArgumentParser(
        prog="gatewatch",
        description="A self-hosted sign-in system that watches itself.",
    )
    parser.add_argument("--version", action=_Version, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in words if not word.startswith("-")), None)
    for command in COMMANDS:
        parents = [parser_of(command)] if command.name == asked else []
        commands.add_parser(
            command.name,
            help=command.sentence,
            description=f"{command.sentence}.".capitalize(),
            parents=parents,
            add_help=not parents,
        )
    return parser


class _Version(Action):
    """Prints the release; the module that knows it is loaded only then, so a server stays small."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: ArgumentParser, *_given: object) -> None:
        """Print it, and end."""
        version = import_module("importlib.metadata").version
        sys.stdout.write(f"gatewatch {version('gatewatch')}\n")
        parser.exit()


def _add_json(parser: ArgumentParser) -> None:
    """Give a command, and each of its parts, a ``--json``."""
    for each in parts_of(parser):
        each.add_argument("--json", action="store_true", help="print JSON, for programs")
