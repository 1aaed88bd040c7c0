"""Sign-ins beside the bare hash, and what /health feels of them."""

import contextlib
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.cases import SIGN_IN
from bench.servers.running import Server
from bench.wrk import ROOT, Shot, fire

CONNECTIONS = 16  # fewer than the hash queue holds, and enough to keep every worker busy
PROBES_PER_SECOND = 50
PROBE_CONNECTIONS = 4  # so that each worker is likely to be asked

ARGON2 = {
    "GATEWATCH_ARGON2_MEMORY_KIB": "19456",
    "GATEWATCH_ARGON2_ITERATIONS": "2",
    "GATEWATCH_ARGON2_PARALLELISM": "1",
}
"""The cost of one hash, given to gatewatch and to the bare hash alike."""


@dataclass(frozen=True, slots=True)
class SignIns:
    """One run of the bare hash, and one of sign-ins."""

    shot: Shot
    hashes_per_second: float
    hash_cpu_us: float
    health_ms: list[float] = field(repr=False)

    @property
    def share(self) -> float:
        """Sign-ins per second, of the bare hashes per second."""
        return self.shot.rate / self.hashes_per_second

    @property
    def cpu_share(self) -> float:
        """The CPU of a bare hash, of that of a sign-in."""
        return self.hash_cpu_us / (self.shot.server_us + self.shot.database_us)


def measure(server: Server, seconds: float) -> SignIns:
    """Hash for some seconds, then sign in for as long, asking for /health meanwhile."""
    rate, cpu_us = _hashes(seconds)
    load = server.loads[SIGN_IN]()
    with _probing(server.url) as health_ms:
        shot = fire(
            server.url,
            load,
            seconds=seconds,
            connections=CONNECTIONS,
            server=server.process,
            database=server.database,
        )
    return SignIns(shot, rate, cpu_us, health_ms)


def _hashes(seconds: float) -> tuple[float, float]:
    threads = len(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "bench.hashes", str(seconds), str(threads), *ARGON2.values()]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    count, elapsed, cpu = map(float, said.stdout.split())
    return count / elapsed, cpu * 1e6 / count


@contextlib.contextmanager
def _probing(url: str) -> Iterator[list[float]]:
    """Ask for /health now and then, and collect how long each answer took, in milliseconds."""
    took: list[float] = []
    stopped = threading.Event()
    prober = threading.Thread(target=_probe, args=(url, took, stopped))
    prober.start()
    try:
        yield took
    finally:
        stopped.set()
        prober.join()


def _probe(url: str, took: list[float], stopped: threading.Event) -> None:
    address = urlsplit(url).netloc
    connections = [http.client.HTTPConnection(address) for _ in range(PROBE_CONNECTIONS)]
    while not stopped.wait(1 / PROBES_PER_SECOND):
        connection = connections[len(took) % len(connections)]
        began = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    for connection in connections:
        connection.close()
