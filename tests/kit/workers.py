"""The worker processes of a real server: which they are, one of them alone, and their end."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

import httpx

from tests.kit.server import Server

_READY = re.compile(r"worker is ready\W+worker\W+(\d+)\W+pid\W+(\d+)")


def workers(server: Server) -> dict[int, int]:
    """The process of each worker that lives, by its slot; the supervisor's log tells them."""
    told = {int(slot): int(pid) for slot, pid in _READY.findall(server.printed())}
    return {slot: pid for slot, pid in told.items() if _is_worker(pid)}


def _is_worker(pid: int) -> bool:
    """Whether it is one still: a dead one's number may be somebody else's by now."""
    said = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "gatewatch.worker" in said.stdout


def kill_everything(server: Server) -> None:
    """End the supervisor and its workers as a loss of power would: none has time for anything."""
    for pid in (server.process.pid, *workers(server).values()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()


def kill_worker(server: Server, slot: int) -> None:
    """End one worker the same way, and wait until another serves in its place."""
    former = workers(server)[slot]
    os.kill(former, signal.SIGKILL)
    deadline = monotonic() + 20
    while workers(server).get(slot, former) == former:
        assert monotonic() < deadline, server.printed()
        sleep(0.05)


@contextmanager
def client_of(server: Server, slot: int, **options: object) -> Iterator[httpx.Client]:
    """A client whose one connection is to this worker."""
    others = [pid for other, pid in workers(server).items() if other != slot]
    with httpx.Client(
        base_url=server.base, timeout=30, limits=httpx.Limits(max_connections=1), **options
    ) as client:
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            client.get("/.well-known/jwks.json")
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        yield client
