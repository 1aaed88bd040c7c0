"""One run of wrk against one server, and what it made the server spend."""

import json
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import processes

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = Path(__file__).with_name("load.lua")
TOKEN = "@T@"


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent, and which answers are right ones; load.lua says what each part does."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    tokens: Sequence[str] = ()
    follow: str = ""
    answers: Sequence[str] = ()
    harvest: Path | None = None
    harvest_member: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """One run: what was answered, how fast, and the CPU that it took."""

    requests: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    answers: dict[str, int]
    server_us: float  # CPU of the server's process tree, per request
    database_us: float  # CPU of PostgreSQL's process tree, per request
    server_cores: float
    other_cores: float  # what neither the servers nor wrk used: other people's work

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def program() -> str:
    """Return wrk: unpacked by scripts/tools.py, or the machine's own."""
    unpacked = ROOT / ".tools" / "bin" / "wrk"
    found = str(unpacked) if unpacked.exists() else shutil.which("wrk")
    if found is None:
        raise FileNotFoundError("no wrk: `make tools` unpacks it, and says why if it cannot")
    return found


def fire(
    base_url: str,
    load: Load,
    *,
    seconds: float,
    connections: int,
    server: int,
    database: int | None = None,
) -> Shot:
    """Send a load for some seconds to the server that has this process id."""
    before = _Spent.now(server, database)
    said = _run(base_url, load, seconds, connections)
    spent = _Spent.now(server, database).since(before)
    requests = max(1, said["requests"])
    elapsed = said["micros"] / 1e6
    others = spent.machine - spent.server - spent.database - spent.wrk
    return Shot(
        requests=said["requests"],
        failed=said["failed"],
        seconds=elapsed,
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        answers=dict(zip(load.answers, said["counts"], strict=True)),
        server_us=spent.server * 1e6 / requests,
        database_us=spent.database * 1e6 / requests,
        server_cores=spent.server / elapsed,
        other_cores=max(0.0, others / elapsed),
    )


def _run(base_url: str, load: Load, seconds: float, connections: int) -> dict:
    with tempfile.NamedTemporaryFile("w", prefix="gw-bench-", suffix=".tokens") as tokens:
        tokens.write("".join(f"{token}\n" for token in load.tokens))
        tokens.flush()
        ran = subprocess.run(
            [
                *(program(), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"),
                *("--timeout", "10s", "-s", str(SCRIPT), base_url + load.path),
            ],
            env={
                "PATH": os.environ["PATH"],
                "METHOD": load.method,
                "HEADERS": "\n".join(f"{name}: {value}" for name, value in load.headers.items()),
                "BODY": load.body,
                "TOKENS": tokens.name if load.tokens else "",
                "FOLLOW": load.follow,
                "ANSWERS": "\n".join(load.answers),
                "HARVEST": str(load.harvest or ""),
                "HARVEST_MEMBER": load.harvest_member,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    last_line = ran.stdout.strip().rpartition("\n")[2]
    if ran.returncode or not last_line.startswith("{"):
        raise RuntimeError(f"wrk fails: {ran.stdout}{ran.stderr}")
    return json.loads(last_line)


@dataclass(frozen=True, slots=True)
class _Spent:
    """CPU seconds, of everyone that counts."""

    by_process: dict[int, float]
    database_processes: dict[int, float]
    wrk: float
    machine: float
    server: float = 0.0
    database: float = 0.0

    @classmethod
    def now(cls, server: int, database: int | None) -> "_Spent":
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(
            by_process=processes.cpu(server),
            database_processes=processes.cpu(database) if database else {},
            wrk=children.ru_utime + children.ru_stime,
            machine=processes.machine_cpu(),
        )

    def since(self, before: "_Spent") -> "_Spent":
        return _Spent(
            by_process={},
            database_processes={},
            wrk=self.wrk - before.wrk,
            machine=self.machine - before.machine,
            server=processes.spent(before.by_process, self.by_process),
            database=processes.spent(before.database_processes, self.database_processes),
        )
