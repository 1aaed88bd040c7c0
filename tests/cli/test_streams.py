"""The command line lives with whatever standard streams it is given."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_descriptor_for_the_database(closed: str, tmp_path: Path) -> None:
    program = f"{sys.executable} -m gatewatch"
    create = f"echo 'a long enough password' | {program} accounts create --email a@example.com"
    environment = {"GATEWATCH_DATA_DIR": str(tmp_path), "GATEWATCH_LOG": "debug", "PATH": "/bin"}
    for command in (f"{create} --password-stdin", f"{program} audit tail {closed}"):
        subprocess.run(["sh", "-c", command], env=environment, check=True, cwd=tmp_path)
    listed = subprocess.run(
        [sys.executable, "-m", "gatewatch", "accounts", "list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "a@example.com" in listed.stdout
