"""The audit log in a terminal: exported, explained, and followed."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest


def gatewatch(data_dir: Path, *words: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatewatch", *words],
        env={"GATEWATCH_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A data directory in which two accounts were made."""
    data_dir = tmp_path_factory.mktemp("cli") / "data"
    for email, role in (("ada@example.com", "auditor"), ("grace@example.com", "user")):
        made = gatewatch(
            data_dir, "accounts", "create", "--email", email, "--role", role, "--password-stdin",
            input="correct horse battery staple\n",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    return data_dir


def test_an_export_is_written_to_a_file_that_it_vouches_for(house, tmp_path):
    path = tmp_path / "created.csv"
    ended = gatewatch(house, "audit", "export", "--action", "users.created", "-o", str(path))
    assert ended.returncode == 0, ended.stderr
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["resource_name"] for row in rows] == ["grace@example.com", "ada@example.com"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  created.csv\n2 events" in ended.stderr
    rest = gatewatch(
        house, "audit", "export", "--action", "users.created", "--after", rows[0]["id"]
    )
    assert rest.stdout.encode() == path.read_bytes().splitlines(keepends=True)[-1]


def test_what_is_not_wanted_is_said_with_a_mark(house):
    ended = gatewatch(
        house, "audit", "export", "--format", "ndjson", "--action", "!users.created",
        "--action", "!oauth.device.code_denied",
    )  # fmt: skip
    actions = {json.loads(line)["action"] for line in ended.stdout.splitlines()}
    assert "keys.created" in actions
    assert "users.created" not in actions


def test_a_request_that_nobody_knows_of_is_said_to_be_so(house):
    ended = gatewatch(house, "audit", "explain", "req_none")
    assert ended.returncode == 1
    assert "Nothing is known of this request" in ended.stdout


def test_the_newest_events_are_printed_by_any_filter(house):
    ended = gatewatch(house, "audit", "tail", "--search", "grace", "--json")
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["resource_name"] for row in found if row["action"] == "users.created"] == [
        "grace@example.com"
    ]


def test_a_hold_is_placed_listed_and_released(house):
    placed = gatewatch(house, "audit", "holds", "place", "Case 7", "--actor", "acc_1", "--json")
    hold = json.loads(placed.stdout)
    assert (hold["name"], hold["filters"]) == ("Case 7", "actor=acc_1")
    assert "Case 7" in gatewatch(house, "audit", "holds", "list").stdout
    assert gatewatch(house, "audit", "holds", "release", hold["id"]).returncode == 0
    assert "Nothing is held." in gatewatch(house, "audit", "holds", "list").stderr
    again = gatewatch(house, "audit", "holds", "release", hold["id"])
    assert (again.returncode, again.stderr) == (1, "error: There is no such hold.\n")
    moving = gatewatch(house, "audit", "holds", "place", "Case 8", "--since", "24h")
    assert "does not move on" in moving.stderr
