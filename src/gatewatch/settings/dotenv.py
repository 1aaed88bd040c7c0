"""The ``.env`` file: ``KEY=VALUE`` lines, with quotes and comments."""

import re
from typing import Final

_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_COMMENT: Final = re.compile(r"(?:^|\s+)#.*", re.DOTALL)
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)', re.DOTALL)
_SINGLE: Final = re.compile(r"'([^']*)'(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str) -> tuple[dict[str, str], list[str]]:
    """Read the file's text: its variables (the last of equal names wins) and what is wrong.

    Problems name the line by number and never quote it, since it may hold a secret.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            name, value = _assignment(stripped)
        except ValueError as error:
            problems.append(f".env line {number}: {error}.")
        else:
            values[name] = value
    return values, problems


def quote(value: str) -> str:
    """Write a value so that it is read back as it was."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    for letter, character in _ESCAPED.items():
        escaped = escaped.replace(character, f"\\{letter}")
    return f'"{escaped}"'


def _assignment(line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("not of the form KEY=VALUE; write one variable a line, comments after #")
    name, rest = match.groups()
    return name, _value(rest)


def _value(rest: str) -> str:
    match rest[:1]:
        case '"':
            quoted = _DOUBLE.fullmatch(rest)
            return _ESCAPE.sub(_unescape, _alone(quoted))
        case "'":
            return _alone(_SINGLE.fullmatch(rest))
        case _:
            return _COMMENT.sub("", rest, count=1)


def _alone(quoted: re.Match[str] | None) -> str:
    if quoted is None:
        raise ValueError("a quote is not closed; close it on the same line")
    value, after = quoted.groups()
    if after.strip() and not after.lstrip().startswith("#"):
        raise ValueError("text after the closing quote; quote the whole value")
    return str(value)


def _unescape(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])
