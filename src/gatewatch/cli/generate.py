"""Writes every generated file: ``make generate``."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gatewatch.catalogue.render import markdown
from gatewatch.cli import reference
from gatewatch.settings import reference as settings_reference

GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "docs/reference/events.md": markdown.events,
    "docs/reference/metrics.md": markdown.metrics,
    "docs/reference/settings.md": settings_reference.render,
    "docs/reference/cli.md": reference.commands,
    "docs/reference/http.md": reference.routes,
    "docs/reference/errors.md": reference.errors,
    ".env.example": settings_reference.example,
}
"""Generated files, by their path in the repository."""


def main(root: Path = Path()) -> None:
    """Write the generated files below `root`, the repository."""
    for name, render in GENERATED.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(), encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")


if __name__ == "__main__":
    main()
