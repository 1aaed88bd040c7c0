"""What commands and the server say when what they stand on is not there."""

import json
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.kit.ports import free_port

ALL_BUT_THE_ISSUER = ("data directory", "migrations", "database and secret key")


@pytest.fixture
def nobodys_url() -> str:
    """The address of a PostgreSQL that is down."""
    return f"postgresql://gatewatch@127.0.0.1:{free_port()}/gatewatch"


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    return {
        "GATEWATCH_DATA_DIR": str(data_dir),
        "GATEWATCH_PORT": str(free_port()),
        **{f"GATEWATCH_{name.upper()}": value for name, value in settings.items()},
    }


def gatewatch(data_dir: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatewatch", *words],
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def diagnosis(data_dir: Path, **settings: str) -> dict[str, dict[str, str]]:
    """What the doctor says of each check."""
    told = gatewatch(data_dir, "doctor", "--json", **settings)
    assert told.returncode == 1, told.stderr
    return {row["check"]: row for row in json.loads(told.stdout)}


@pytest.mark.parametrize("words", ["accounts list", "audit tail", "migrate status", "migrate up"])
def test_a_command_says_in_a_line_that_the_database_is_down(
    words: str, nobodys_url: str, tmp_path: Path
) -> None:
    ended = gatewatch(tmp_path / "data", *words.split(), database_url=nobodys_url)
    assert ended.returncode == 69, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: the database: ConnectionRefusedError: ")


def test_the_doctor_names_a_database_that_is_down(nobodys_url: str, tmp_path: Path) -> None:
    rows = diagnosis(tmp_path / "data", database_url=nobodys_url)
    assert [rows[check]["status"] for check in ALL_BUT_THE_ISSUER] == ["ok", "wrong", "wrong"]
    for check in ALL_BUT_THE_ISSUER[1:]:
        assert rows[check]["found"].startswith("the database: ConnectionRefusedError: ")
        assert "GATEWATCH_DATABASE_URL" in rows[check]["fix"]


def test_the_doctor_names_a_redis_that_is_down(tmp_path: Path) -> None:
    data, url = tmp_path / "data", f"redis://127.0.0.1:{free_port()}"
    gatewatch(data, "migrate", "up")
    found = diagnosis(data, redis_url=url)["database and secret key"]
    assert found["found"] == "the session cache does not answer"
    assert "GATEWATCH_REDIS_URL" in found["fix"]


def test_the_doctor_only_looks(tmp_path: Path) -> None:
    rows = diagnosis(tmp_path / "data")
    assert rows["migrations"]["fix"] == "gatewatch migrate up"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_the_doctor_knows_another_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    gatewatch(data, "accounts", "list")
    rows = diagnosis(data, secret_key="another key than the one that was made")
    assert rows["migrations"]["status"] == "ok"
    found = rows["database and secret key"]
    assert found["fix"].startswith("GATEWATCH_SECRET_KEY is not the key that this database")


def test_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    gatewatch(data, "migrate", "up")
    (data / "spool").touch()
    ended = gatewatch(data, "accounts", "list")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: [Errno ")
    assert str(data / "spool") in line
    assert str(data / "spool") in diagnosis(data)["database and secret key"]["found"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/gatewatch.db"
    ended = gatewatch(tmp_path / "data", "migrate", "up", database_url=url)
    assert ended.returncode == 69, ended.stderr
    assert "No such file or directory" in ended.stderr
    assert f"{tmp_path}/nowhere/gatewatch.db" in ended.stderr


def test_a_server_says_in_a_line_that_it_waits_for_the_database(
    nobodys_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gatewatch", "serve"],
            env=environment(tmp_path / "data", database_url=nobodys_url),
            stdout=output,
            stderr=output,
        )
    deadline = monotonic() + 30
    while "replaced_in_seconds" not in log.read_text():
        assert monotonic() < deadline, log.read_text()
        sleep(0.05)
    process.terminate()
    assert process.wait(30) == 0
    first = json.loads(log.read_text().splitlines()[0])
    assert first["message"].startswith("cannot start: the database: ConnectionRefusedError")
    assert "Traceback" not in log.read_text()
