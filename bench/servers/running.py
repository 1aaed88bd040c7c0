"""A server that runs while it is measured."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.kit.processes import start, stop, tail

from bench.wrk import Load

START_SECONDS = 30

MakeLoad = Callable[[], Load]
"""Makes a load anew for each run, since some tokens are good for one run only."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, who it is, and what it can be asked."""

    name: str
    url: str
    process: int
    loads: Mapping[str, MakeLoad] = field(default_factory=dict)
    database: int | None = None  # PostgreSQL's process


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str | Path], url: str, *, env: Mapping[str, str], cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it answers below `url`, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="gw-bench-") as folder:
        log = Path(folder) / "log"
        process = start(command, log=log, env=env, cwd=cwd)
        try:
            _wait_until_it_answers(name, process, url, log)
            yield process
        finally:
            stop(process)


def _wait_until_it_answers(
    name: str, process: subprocess.Popen[bytes], url: str, log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{name} does not start:\n{tail(log)}")


def proved(load: Load, url: str) -> Load:
    """Return a load whose first request was tried and answered rightly, or say what came back."""
    token = load.tokens[0] if load.tokens else ""
    answer = httpx.request(
        load.method,
        url + load.path,
        headers={name: value.replace("@T@", token) for name, value in load.headers.items()},
        content=load.body.replace("@T@", token) or None,
    )
    right = (
        any(text in answer.text for text in load.answers)
        if load.answers
        else answer.status_code < httpx.codes.BAD_REQUEST
    )
    if not right:
        raise RuntimeError(f"{load.method} {load.path}: {answer.status_code} {answer.text[:300]}")
    return load
