"""Renders the settings' reference from their declared_in."""

from collections.abc import Iterator

from gatewatch.settings import SECTIONS
from gatewatch.settings.declare import Setting, declared_in

_PREAMBLE = """\
# Settings

Read from the environment, else from the file `.env` in the working directory. A secret may
instead be put into a file, named by the variable with `_FILE` after it. Durations are written
`1h30m` or `PT1H30M`, and `true` or `false` may be `1` or `0`, `yes` or `no`. Everything that is
wrong is told at once, and the exit status is then 78. `gatewatch settings show` prints what is in
effect, and where each value came from.
"""


def render() -> str:
    """Write ``docs/reference/settings.md``."""
    return "\n".join([_PREAMBLE, *(_section(section) for section in SECTIONS.values())])


def _section(section: type) -> str:
    title = (section.__doc__ or "").splitlines()[0].rstrip(".")
    rows = "\n".join(_row(declaration) for _, declaration in declared_in(section))
    head = "| variable | form | default | what it does |\n| --- | --- | --- | --- |"
    return f"## {title}\n\n{head}\n{rows}\n"


def _row(declaration: Setting) -> str:
    cells = "".join(f" {cell} |" for cell in _cells(declaration))
    return f"|{cells}"


def _cells(declaration: Setting) -> Iterator[str]:
    yield f"`{declaration.variable}`" + (", `_FILE`" if declaration.secret else "")
    yield declaration.form.name
    yield declaration.default_shown()
    yield declaration.doc
