"""What commands list, who may run them, and of which release they are."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

STRANGER = 54_321
"""A user id that no system gives a name to."""


def gatewatch(
    data_dir: Path, *words: str, stdin: str = "", uid: int | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatewatch", *words],
        env={"GATEWATCH_DATA_DIR": str(data_dir), "GATEWATCH_ARGON2_MEMORY_KIB": "8"},
        cwd=data_dir.parent,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=uid,
    )


@pytest.mark.parametrize("command", ["accounts", "clients"])
@pytest.mark.parametrize("limit", ["0", "-1", "some", "1001"])
def test_a_list_is_of_at_least_one_row(command: str, limit: str, tmp_path: Path) -> None:
    ended = gatewatch(tmp_path / "data", command, "list", f"--limit={limit}")
    assert ended.returncode == 2
    assert "argument --limit: give a whole number from 1 to 1000" in ended.stderr


def test_a_client_without_a_scope_has_a_dash_for_it(tmp_path: Path) -> None:
    ended = gatewatch(
        tmp_path / "data",
        *("clients", "create", "--name", "x", "--type", "public", "--grant", "device_code"),
    )
    assert "\nscope          -\n" in ended.stdout, ended.stderr


def test_it_tells_its_version(tmp_path: Path) -> None:
    assert gatewatch(tmp_path / "data", "--version").stdout == f"gatewatch {version('gatewatch')}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_without_a_name_goes_by_a_number() -> None:
    words = ("accounts", "create", "--email", "ada@example.com", "--password-stdin")
    with TemporaryDirectory() as folder:
        os.chown(folder, STRANGER, STRANGER)
        data = Path(folder) / "data"
        created = gatewatch(data, *words, stdin="a long enough password\n", uid=STRANGER)
        assert created.returncode == 0, created.stderr
        told = gatewatch(data, "audit", "tail", "--action", "users.created", uid=STRANGER)
    assert f"actor=uid {STRANGER}" in told.stdout, told.stderr
