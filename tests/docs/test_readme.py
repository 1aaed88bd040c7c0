"""The README's commands do what it says, in the order it says."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit import processes
from tests.kit.ports import free_port
from tests.kit.server import ADMIN_PASSWORD, START_SECONDS, Server, await_ready

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
LINKS = re.findall(r"\]\(([^)#]+)\)", README)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`make run`, as printed, in this checkout; only the port and the folder are a test's own."""
    (run,) = (block for block in SHELL if "make run" in block)
    folder = tmp_path_factory.mktemp("readme")
    port = free_port()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "GATEWATCH_DATA_DIR": str(folder / "var"),
        "GATEWATCH_PORT": str(port),
        "GATEWATCH_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    log = folder / "run.log"
    process = processes.start(["sh", "-ec", f"exec {run}"], log=log, env=environment, cwd=ROOT)
    running = Server(f"http://localhost:{port}", folder, environment, log, process)
    try:
        await_ready(running, port)
        yield running
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        processes.stop(process)


def blocks_about(word: str) -> list[str]:
    return [block for block in SHELL if word in block]


@pytest.mark.parametrize("word", ["curl http", "clients create", "accounts create", "doctor"])
def test_a_block_runs_as_printed(word: str, server: Server) -> None:
    for block in blocks_about(word):
        said = run_block(block, server)
        assert said


def test_the_token_of_the_readme_is_a_token(server: Server) -> None:
    (block,) = blocks_about("clients create")
    answer = json.loads(run_block(block, server).splitlines()[-1])
    assert answer["token_type"] == "Bearer"
    assert answer["scope"] == "reports:read"


def test_signing_in_begins_as_the_readme_says(server: Server) -> None:
    (block,) = blocks_about("gatewatch login")
    command = adapted(block, server).strip()
    began = subprocess.run(
        ["timeout", "3", "sh", "-c", command],
        env=dict(server.environment),
        cwd=server.data_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{server.base}/device?user_code=" in began.stderr
    assert "█" in began.stderr


def test_the_python_of_the_readme_compiles_and_mounts(tmp_path: Path) -> None:
    for number, block in enumerate(PYTHON):
        script = tmp_path / f"block{number}.py"
        script.write_text(block + "\nassert app.routes\n", encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr


def test_every_link_leads_somewhere() -> None:
    local = [link for link in LINKS if not link.startswith("http")]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def run_block(block: str, server: Server) -> str:
    ended = subprocess.run(
        ["sh", "-e", "-c", adapted(block, server)],
        env=dict(server.environment),
        cwd=server.data_dir,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def adapted(block: str, server: Server) -> str:
    """The block with the test's port, our programs on the path, and Python where jq is missing."""
    text = block.replace("http://localhost:8080", server.base).replace(".venv/bin/", "")
    if shutil.which("jq") is None:
        reader = (
            f"{sys.executable} -c 'import json, sys; told = json.load(open(sys.argv[1])); "
            'print(told["client_id"] + ":" + told["client_secret"])\' '
        )
        text = re.sub(r"jq -r '[^']*' ", lambda _: reader, text)
    return text
