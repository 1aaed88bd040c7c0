"""What `import gatewatch` promises."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gatewatch

NAMES = sorted(gatewatch.__all__)


def told_to_type_checkers() -> dict[str, str]:
    """The names imported for type checkers alone, and where from."""
    tree = ast.parse(Path(gatewatch.__file__).read_text(encoding="utf-8"))
    (checking,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        name.name: str(line.module)
        for line in checking.body
        if isinstance(line, ast.ImportFrom)
        for name in line.names
    }


def test_what_is_promised_is_what_type_checkers_see_and_what_is_there() -> None:
    assert told_to_type_checkers() == gatewatch._HOMES
    assert list(gatewatch._HOMES) == gatewatch.__all__ == NAMES
    assert set(NAMES) <= set(dir(gatewatch))


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_the_thing_itself(name: str) -> None:
    found = getattr(gatewatch, name)
    assert found is getattr(import_module(found.__module__), name)
    assert found.__module__ == gatewatch._HOMES[name]
    assert found.__doc__


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = gatewatch.Nothing


def test_importing_it_loads_nothing_else() -> None:
    program = "import sys, gatewatch; print([m for m in sys.modules if m.startswith('gatewatch')])"
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed.strip() == "['gatewatch']"
