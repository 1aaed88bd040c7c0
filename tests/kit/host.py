"""A real host application: uvicorn in a process of its own, with gatewatch embedded."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.kit import processes
from tests.kit.ports import free_port
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, START_SECONDS, Server

ROOT = Path(__file__).resolve().parents[2]
UP = "Application startup complete"
_STARTED = re.compile(r"Started server process \[(\d+)\]")


def environment(data_dir: Path, issuer: str, **settings: str) -> dict[str, str]:
    """Return the variables of a host; `settings` are in lower case without GATEWATCH_."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(data_dir),
        "GATEWATCH_DATA_DIR": str(data_dir),
        "GATEWATCH_ISSUER": issuer,
        "GATEWATCH_ADMIN_EMAIL": ADMIN_EMAIL,
        "GATEWATCH_ADMIN_PASSWORD": ADMIN_PASSWORD,
        **{f"GATEWATCH_{name.upper()}": value for name, value in settings.items()},
    }


@contextmanager
def hosting(
    folder: Path, data_dir: Path, *, prefix: str = "", workers: int = 1, **settings: str
) -> Iterator[Server]:
    """Run ``uvicorn main:app`` in a folder until the block ends; gatewatch is below `prefix`."""
    port = free_port()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    surroundings = environment(data_dir, f"http://localhost:{port}{prefix}", **settings)
    log = data_dir.with_suffix(".log")
    process = processes.start(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)]
        + (["--workers", str(workers)] if workers > 1 else []),
        log=log,
        env=surroundings,
        cwd=folder,
    )
    server = Server(f"http://localhost:{port}", data_dir, surroundings, log, process)
    try:
        await_start(server, workers)
        yield server
    finally:
        processes.stop(process)


def await_start(server: Server, workers: int = 1) -> None:
    """Wait until so many processes serve."""
    deadline = monotonic() + START_SECONDS
    while server.printed().count(UP) < workers:
        if server.process.poll() is not None or monotonic() > deadline:
            raise AssertionError(f"the host did not start:\n{server.printed()}")
        sleep(0.05)


def workers(server: Server) -> list[int]:
    """The processes that serve, by the log that uvicorn writes; some of them may be gone."""
    return [int(pid) for pid in _STARTED.findall(server.printed())]
