"""What a command prints: tables for people, JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Output:
    """Writes results to standard output and remarks to standard error."""

    as_json: bool

    def table(self, rows: Sequence[Mapping[str, Any]], *, empty: str) -> None:
        """Print rows of equal keys: a table, or a JSON array of objects."""
        if self.as_json:
            self._json(rows)
        elif rows:
            _print_table(rows)
        else:
            self.remark(empty)

    def item(self, item: Mapping[str, Any]) -> None:
        """Print one thing: a line for each field, or a JSON object."""
        if self.as_json:
            self._json(item)
            return
        width = max(len(key) for key in item)
        for key, value in item.items():
            sys.stdout.write(f"{key.replace('_', ' '):<{width}}  {_cell(value)}\n")

    def record(self, item: Mapping[str, Any], line: str) -> None:
        """Print one of a stream: a line of text, or of JSON, at once."""
        sys.stdout.write(f"{msgspec.json.encode(item).decode() if self.as_json else line}\n")
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """Say something to whoever watches; never in the way of what is piped on."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _json(self, value: object) -> None:
        encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
        sys.stdout.write(f"{encoded.decode()}\n")


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    heads = list(rows[0])
    lines = [[head.upper().replace("_", " ") for head in heads]]
    lines += [[_cell(row[head]) for head in heads] for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "-"
        case list() | tuple():
            return " ".join(str(part) for part in value) or "-"
        case _:
            return str(value)
