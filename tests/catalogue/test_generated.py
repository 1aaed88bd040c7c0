"""Generated files say what the catalogue says."""

from pathlib import Path

import pytest

from gatewatch.cli.generate import GENERATED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_in_sync(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name]()
