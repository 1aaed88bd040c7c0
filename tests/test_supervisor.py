"""The supervisor with real workers of a tiny application."""

import asyncio
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from gatewatch.supervisor import listen, pause_before_replacing
from tests.kit.processes import start, stop, tail

PROGRAM = Path(__file__).parent / "supervised" / "tiny_supervisor.py"
PATIENCE = 15.0


def until(said, patience=PATIENCE):
    """Ask until the answer is true; gives the answer."""
    deadline = time.monotonic() + patience
    while not (answer := said()):
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    return answer


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def refuses(host, port):
    with socket.socket() as client:
        return client.connect_ex((host, port)) == errno.ECONNREFUSED


class Supervised:
    """A supervisor and its tiny workers."""

    def __init__(self, log, *, workers=2, grace=5.0, port=0, opening="tiny"):
        self.log = log
        command = [sys.executable, PROGRAM, "127.0.0.1", port, workers, grace, opening]
        self.process = start(list(map(str, command)), log=log)

    def said(self, pattern):
        return re.findall(pattern, self.log.read_text())

    @property
    def address(self):
        return until(lambda: self.said(r"READY (\S+)"))[0]

    def pids(self):
        return {
            int(slot): int(pid)
            for slot, pid in self.said(r"worker is ready worker=(\d+) pid=(\d+)")
        }

    def ask(self, path):
        return httpx.get(self.address + path, timeout=PATIENCE).text

    def counted(self, name):
        return float(re.search(rf"^{re.escape(name)} (.+)$", self.ask("/metrics"), re.MULTILINE)[1])

    def polls(self):
        return self.counted('gatewatch_device_polls_total{outcome="pending"}')


@pytest.fixture
def supervise(tmp_path):
    begun = []

    def begin(**how):
        begun.append(Supervised(tmp_path / f"log{len(begun)}", **how))
        return begun[-1]

    yield begin
    for supervised in begun:
        stop(supervised.process)
        for pid in supervised.pids().values():
            until(lambda pid=pid: not is_alive(pid))


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(0, 0), (1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (2000, 30)]
)
def test_a_worker_that_keeps_dying_is_replaced_ever_more_slowly(deaths, seconds):
    assert seconds == pause_before_replacing(deaths)


def test_a_name_of_several_addresses_has_one_port():
    listeners = listen("localhost", 0)
    assert len({listener.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


async def load(address, requests):
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=PATIENCE) as client:
        answers = await asyncio.gather(*(client.get("/count") for _ in range(requests)))
    assert {200} == {answer.status_code for answer in answers}


async def test_two_workers_count_as_one_also_after_one_was_killed(supervise):
    supervised = supervise()
    assert supervised.address.startswith("http://127.0.0.1:")
    first = supervised.pids()
    assert {1, 2} == set(first)
    assert supervised.counted("gatewatch_workers") == 2.0
    await load(supervised.address, 300)
    assert supervised.polls() == 300.0

    os.kill(first[1], signal.SIGKILL)
    until(lambda: supervised.said(r"worker died worker=1 exit_status=-9"))
    assert supervised.polls() == 300.0
    assert supervised.counted("gatewatch_workers") == 1.0
    until(lambda: supervised.pids()[1] != first[1])
    await load(supervised.address, 300)
    assert supervised.polls() == 600.0
    assert supervised.counted("gatewatch_workers") == 2.0
    assert until(lambda: supervised.counted("gatewatch_password_hash_waiting")) == 6.0
    assert first[2] == supervised.pids()[2]


def test_a_replacement_is_told_of_the_death_it_follows(supervise):
    supervised = supervise(workers=1)
    assert supervised.ask("/told") == "()"
    os.kill(supervised.pids()[1], signal.SIGKILL)
    assert supervised.ask("/told") == "(-9,)"


def test_a_stop_lets_a_request_end(supervise):
    supervised = supervise(workers=1)
    host, port = supervised.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
        until(lambda: supervised.said("slow request begun"))
        supervised.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(host, int(port)))
        assert client.makefile("rb").read().endswith(b"done")
    assert supervised.process.wait(PATIENCE) == 0


def test_a_terminal_that_closes_stops_it_in_order(supervise):
    supervised = supervise(workers=1)
    assert supervised.address
    supervised.process.send_signal(signal.SIGHUP)
    assert supervised.process.wait(PATIENCE) == 0
    assert supervised.said("stopped$")


def test_with_nohup_it_outlives_the_terminal(supervise):
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervised = supervise(workers=1)
    finally:
        signal.signal(signal.SIGHUP, former)
    assert supervised.address
    supervised.process.send_signal(signal.SIGHUP)
    assert supervised.ask("/told") == "()"
    assert not supervised.said("stopping")


def test_a_stop_before_the_first_worker_is_ready_is_orderly(supervise):
    supervised = supervise(workers=2, opening="hesitant")
    until(lambda: supervised.said("opening slowly"))
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(PATIENCE) == 0, tail(supervised.log)
    assert supervised.pids() == {}
    assert len(supervised.said("opening slowly")) == 1
    assert not supervised.said("READY|Traceback|the supervisor is gone")


def test_what_outlasts_the_grace_period_is_killed(supervise):
    supervised = supervise(workers=1, grace=2.0)
    pid = int(supervised.ask("/pid").split()[0])
    os.kill(pid, signal.SIGSTOP)
    begun = time.monotonic()
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.process.wait(PATIENCE) == 1
    assert 1.9 < time.monotonic() - begun < 5
    assert supervised.said("killing workers that did not stop")


def test_a_second_interrupt_does_not_wait(supervise):
    supervised = supervise(workers=1, grace=60.0)
    os.kill(int(supervised.ask("/pid").split()[0]), signal.SIGSTOP)
    supervised.process.send_signal(signal.SIGINT)
    until(lambda: supervised.said("stopping"))
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(PATIENCE) == 1


def test_workers_stop_when_their_supervisor_is_killed(supervise):
    supervised = supervise()
    pids = (supervised.address, supervised.pids())[1].values()
    supervised.process.kill()
    supervised.process.wait()
    for pid in pids:
        until(lambda pid=pid: not is_alive(pid), patience=4.0)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        supervised = Supervised(tmp_path / "log", port=port)
        assert supervised.process.wait(PATIENCE) == 1
    expected = f"127.0.0.1 port {port} is taken. Stop what listens there, or set GATEWATCH_PORT."
    assert expected in supervised.log.read_text()


def test_settings_found_wrong_by_the_first_worker_end_it_all(tmp_path):
    supervised = Supervised(tmp_path / "log", opening="misconfigured")
    assert supervised.process.wait(PATIENCE) == 78, tail(supervised.log)
    assert len(supervised.said("GATEWATCH_SECRET_KEY is not the one of this database")) == 1


def test_the_supervisor_stays_small(supervise):
    supervised = supervise(workers=1)
    assert supervised.address
    status = Path(f"/proc/{supervised.process.pid}/status").read_text()
    assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) < 25_000


def test_the_supervisor_loads_nothing_that_serves():
    program = "import sys, gatewatch.supervisor; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert set() == {"asyncio", "sqlalchemy", "ssl", "uvicorn"} & set(loaded)
