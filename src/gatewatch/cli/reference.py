"""The references of the command line, of HTTP, and of errors, as Markdown."""

from argparse import Action, ArgumentParser, _HelpAction, _SubParsersAction
from collections.abc import Iterator
from inspect import getdoc
from typing import Final, cast

from gatewatch.app import TABLE, Endpoints, Line
from gatewatch.catalogue.render.markdown import GENERATED
from gatewatch.cli.main import COMMANDS, parser_of, parts_of
from gatewatch.http.errors import API_ERRORS
from gatewatch.http.routing import Face
from gatewatch.protocol.errors import OAUTH_ERRORS

_FACES: Final = {
    Face.OAUTH: "OAuth JSON",
    Face.API: "API envelope",
    Face.PAGE: "page",
    Face.PROBLEM: "problem+json",
}


def commands() -> str:
    """Write docs/reference/cli.md."""
    return "\n".join(
        [
            GENERATED,
            "",
            "# Commands",
            "",
            _COMMANDS_INTRODUCTION,
            "",
            *(line for command in COMMANDS for line in _command(parser_of(command))),
        ]
    )


def routes() -> str:
    """Write docs/reference/http.md."""
    return "\n".join(
        [
            GENERATED,
            "",
            "# HTTP",
            "",
            _ROUTES_INTRODUCTION,
            "",
            "| method | path | errors are | what it does |",
            "| --- | --- | --- | --- |",
            *(_route(line) for line in TABLE),
            "",
        ]
    )


def errors() -> str:
    """Write docs/reference/errors.md."""
    return "\n".join(
        [
            GENERATED,
            "",
            "# Errors",
            "",
            _ERRORS_INTRODUCTION,
            "",
            "## OAuth",
            "",
            "| code | status |",
            "| --- | --- |",
            *(f"| `{code}` | {status} |" for code, status in OAUTH_ERRORS.items()),
            "",
            "## API and pages",
            "",
            "| code | status | type |",
            "| --- | --- | --- |",
            *(f"| `{code}` | {status} | `{kind}` |" for code, (status, kind) in API_ERRORS.items()),
            "",
        ]
    )


_COMMANDS_INTRODUCTION: Final = """\
Commands act on the server that the settings describe, beside it if it runs. Each has `--json`.
Exit status: 0 when it did what was asked, 1 when it was refused or something is wrong, 2 when the
words make no sense, 78 when the settings cannot work, 69 when the database does not answer."""

_ROUTES_INTRODUCTION: Final = """\
Paths are below the issuer's path. `HEAD` is answered wherever `GET` is, `OPTIONS` everywhere, and a
method that a path does not have is answered 405 with `Allow`. Every response has `X-Request-Id`."""

_ERRORS_INTRODUCTION: Final = """\
Below `/oauth` and `/.well-known`: `{"error", "error_description"}` (RFC 6749 section 5.2). Below
`/v1`: `{"error": {"code", "message", "type"}}`. Elsewhere, for programs: `application/problem+json`
(RFC 9457) with the code as `code`; for people: a page with the request's id. 429 and 503 say when
to try again in `Retry-After`."""


def _command(parser: ArgumentParser) -> Iterator[str]:
    yield f"## {parser.prog}"
    yield ""
    yield parser.description or ""
    yield ""
    for part in parts_of(parser):
        yield f"```text\n{part.prog} {' '.join(_words(part))}\n```"
        yield ""
        told = [action for action in _actions(part) if action.help]
        yield from (f"- `{_name(action)}`: {_help(action)}" for action in told)
        yield from [""] if told else []


def _words(parser: ArgumentParser) -> Iterator[str]:
    for action in _actions(parser):
        name = _name(action)
        yield name if action.required else f"[{name}]"


def _actions(parser: ArgumentParser) -> list[Action]:
    return [
        action
        for action in parser._actions  # noqa: SLF001 - argparse has no public way to list them
        if not isinstance(action, _HelpAction | _SubParsersAction)
    ]


def _name(action: Action) -> str:
    value = action.metavar or action.dest.upper()
    if not action.option_strings:
        return str(value)
    option = action.option_strings[-1]
    if action.nargs == 0:
        return option
    if action.choices:
        return f"{option} {'|'.join(str(choice) for choice in action.choices)}"
    return f"{option} {value}"


def _help(action: Action) -> str:
    return str(action.help).replace("%(default)s", str(action.default))


def _route(line: Line) -> str:
    return f"| {line.method} | `{line.template}` | {_FACES[line.face]} | {_sentence(line)} |"


def _sentence(line: Line) -> str:
    """What the endpoint's own docstring says of it, or its class's."""
    owner, method = line.endpoint(cast("Endpoints", _Path())).names  # type: ignore[attr-defined]  # the path itself comes back
    kind = Endpoints.__annotations__[owner]
    told = (getdoc(getattr(kind, method)) or "").partition("\n\n")[0].replace("\n", " ")
    told = told.partition(" Raises ")[0]
    if not told:
        raise TypeError(f"{kind.__name__}.{method} has no docstring to document its route with")
    told = told.removeprefix(f"{line.method} {line.template}: ")
    return told[0].upper() + told[1:]


class _Path:
    """Notes which attributes it is asked for, one after another."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __getattr__(self, name: str) -> "_Path":
        return _Path(*self.names, name)
