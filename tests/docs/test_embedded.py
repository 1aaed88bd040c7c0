"""The tutorial is followed to the letter; only the port is a test's own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from tests.kit import processes
from tests.kit.host import ROOT, await_start
from tests.kit.ports import free_port
from tests.kit.server import START_SECONDS, Server

PAGE = (ROOT / "docs" / "start" / "embedded.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MARK = "-- next --"


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, and what they print."""

    commands: str
    printed: str


def python(begins: str) -> str:
    (block,) = [text for kind, text in BLOCKS if kind == "python" and text.startswith(begins)]
    return str(block)


def steps() -> list[Step]:
    """What the second terminal is told; the first one runs the application."""
    pairs = pairwise(BLOCKS)
    return [Step(text, then) for (kind, text), (_, then) in pairs if kind == "sh"][1:]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page's application, forms and lifespan added, as the page starts it."""
    folder, port = tmp_path_factory.mktemp("embedded"), free_port()
    main = "\n".join([python('"""Notes'), python("from urllib"), python("from contextlib")])
    (folder / "main.py").write_text(adapted(main, port), encoding="utf-8")
    (run,) = [text for kind, text in BLOCKS if kind == "sh" and "uvicorn" in text]
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder)}
    log = folder / "host.log"
    command = adapted(run, port).replace("uvicorn", "exec uvicorn")
    process = processes.start(["sh", "-ec", command], log=log, env=environment, cwd=folder)
    server = Server(f"http://localhost:{port}", folder, environment, log, process)
    try:
        await_start(server)
        yield server
    finally:
        processes.stop(process)


def test_its_application_is_the_example() -> None:
    example = (ROOT / "examples" / "fastapi_app" / "main.py").read_text(encoding="utf-8")
    assert python('"""Notes') == example


def test_its_excerpts_are_from_the_examples() -> None:
    examples = [path.read_text(encoding="utf-8") for path in ROOT.glob("examples/*/main.py")]
    excerpts = [text for kind, text in BLOCKS if kind == "python"][3:]
    assert len(excerpts) == 4
    assert [text for text in excerpts if not any(text in each for each in examples)] == []


def test_its_commands_print_what_it_says(host: Server) -> None:
    told = steps()
    assert len(told) == 4
    script = f"echo; echo '{MARK}'\n".join(step.commands for step in told)
    ended = subprocess.run(
        ["sh", "-ec", adapted(script, port_of(host))],
        env=dict(host.environment),
        cwd=host.data_dir,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    printed = [part.strip() for part in ended.stdout.split(MARK)]
    assert printed == [step.printed.strip() for step in told]


def test_its_form_proves_itself(host: Server) -> None:
    given = {"email": "ada@example.com", "password": "correct horse battery staple"}
    with httpx.Client(base_url=host.base) as ada:
        assert ada.get("/form").status_code == 401
        assert ada.post("/auth/v1/auth/login", json=given).status_code == 200
        token = ada.get("/form").text.split('value="')[1].partition('"')[0]
        assert ada.post("/form", data={"text": "forged"}).status_code == 403
        kept = ada.post("/form", data={"text": "by a form", "csrf_token": token})
        assert kept.json()[-1] == "by a form"


def test_its_lifespan_is_one(host: Server) -> None:
    main = (host.data_dir / "main.py").read_text(encoding="utf-8")
    program = (
        f"{main}\n"
        "async def run():\n"
        "    async with lifespan(app), lifespan(app):\n"
        "        print(await auth.services.accounts.page(limit=1) != [])\n"
        "import asyncio; asyncio.run(run())\n"
    )
    (host.data_dir / "again.py").write_text(program, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "again.py"],
        env=dict(host.environment),
        cwd=host.data_dir,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert (ended.stdout.strip(), ended.stderr) == ("True", "")


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / "start" / link).exists()] == []


def port_of(server: Server) -> int:
    return int(server.base.rpartition(":")[2])


def adapted(text: str, port: int) -> str:
    return text.replace("8000", str(port))
