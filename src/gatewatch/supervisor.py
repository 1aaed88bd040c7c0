"""The process that owns the workers: starts them, sees one die, replaces it, stops them in order.

It serves no request and imports little, so that it lives through whatever may befall a worker.
It holds the listening sockets: while no worker is there, clients wait instead of being refused.

::

    start one -> it is ready -> start the others -> all ready
                 it died ----> wait -> start again      (status 78: give up)
    SIGTERM, SIGINT, SIGHUP -> SIGTERM to all -> grace -> SIGKILL
"""

import errno
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from gatewatch.backends.telemetry.logs import logger
from gatewatch.backends.telemetry.memory import allot, attach
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS, WORKERS
from gatewatch.kernel.errors import EX_CONFIG
from gatewatch.kernel.time import stopwatch

BACKLOG: Final = 2048
"""Connections that may wait to be accepted; the kernel may allow less."""
STEADY_SECONDS: Final = 30.0
"""A worker that served so long did not die of its start."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""Before a worker that died young is replaced; doubled each time."""
LONGEST_PAUSE_SECONDS: Final = 30.0
"""Where doubling ends."""
MOST_DOUBLINGS: Final = 10
"""More than it takes to get there; a float does not hold two to the power of any number."""

_LOG: Final = logger("gatewatch.supervisor")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run, and where. `grace` is in seconds."""

    host: str
    port: int
    workers: int
    grace: float
    command: tuple[str, ...] = (sys.executable, "-m", "gatewatch.worker")


def serve(plan: Plan, ready: Callable[[str], None]) -> int:
    """Serve until told to stop; gives the exit status. `ready` is called with the address, once.

    It is 0 after an orderly stop; 1 if the address is taken or workers had to be killed; 78 if
    the first worker found the settings wrong.
    """
    try:
        listeners = listen(plan.host, plan.port)
    except OSError as error:
        _LOG.error("%s", _why(plan, error))
        return 1
    with ExitStack() as stack:
        for listener in listeners:
            stack.enter_context(listener)
        return _Supervisor(plan, listeners, ready, stack).run()


def pause_before_replacing(young_deaths: int) -> float:
    """Seconds to wait after so many deaths in a row of workers that had hardly begun."""
    if not young_deaths:
        return 0.0
    doublings = min(young_deaths - 1, MOST_DOUBLINGS)
    return min(FIRST_PAUSE_SECONDS * 2.0**doublings, LONGEST_PAUSE_SECONDS)


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address the host name stands for, on one port.

    Raises:
        OSError: when one of them cannot be had.
    """
    listeners: list[socket.socket] = []
    with ExitStack() as undo:
        flags = socket.AI_PASSIVE
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            chosen = listeners[0].getsockname()[1] if listeners else port
            listener.bind((address[0], chosen, *address[2:]))
            listener.listen(BACKLOG)
            listeners.append(listener)
        undo.pop_all()
    return listeners


def _why(plan: Plan, error: OSError) -> str:
    where = f"{plan.host} port {plan.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{where} is taken. Stop what listens there, or set GATEWATCH_PORT."
        case errno.EACCES:
            return f"{where} is not allowed to this user. Set GATEWATCH_PORT to 1024 or more."
        case _:
            return f"Cannot listen on {where}: {error.strerror}. Set GATEWATCH_HOST."


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    said_ready: int
    """The end of a pipe on which it says that it is ready."""
    started: float = field(default_factory=stopwatch)
    ready: bool = False


class _Supervisor:
    def __init__(
        self,
        plan: Plan,
        listeners: list[socket.socket],
        ready: Callable[[str], None],
        stack: ExitStack,
    ) -> None:
        self._plan = plan
        self._listeners = listeners
        self._announce: Callable[[str], None] | None = ready
        self._slots = plan.workers + 1
        self._metrics = allot(self._slots)
        self._meter = Meter(METRICS, (), attach(self._metrics), 0, self._slots)
        self._lifeline, self._life = os.pipe()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        for descriptor in (self._metrics, self._lifeline, self._life):
            stack.callback(os.close, descriptor)
        self._workers: dict[int, _Worker] = {}
        self._due = {1: stopwatch()}
        self._deaths: dict[int, list[int]] = {slot: [] for slot in range(1, self._slots)}
        self._young_deaths = dict.fromkeys(self._deaths, 0)
        self._opened = False
        self._kill_at: float | None = None
        self._interrupted = self._killed = False
        self._status = 0

    def run(self) -> int:
        """Serve until the last worker is gone after a stop."""
        with _signals_to(self._selector, self._signalled):
            while self._kill_at is None or self._workers:
                self._start_those_due()
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                if self._kill_at is not None and stopwatch() >= self._kill_at:
                    self._kill()
        _LOG.info("stopped")
        return self._status

    def _patience(self) -> float | None:
        """Seconds until something is due."""
        kill_at = self._kill_at if self._workers and not self._killed else None
        moments = [*self._due.values(), *([] if kill_at is None else [kill_at])]
        return max(0.0, min(moments) - stopwatch()) if moments else None

    def _start_those_due(self) -> None:
        for slot in [slot for slot, due in self._due.items() if due <= stopwatch()]:
            del self._due[slot]
            self._start(slot)

    def _start(self, slot: int) -> None:
        said_ready, say_ready = os.pipe()
        descriptors = [listener.fileno() for listener in self._listeners]
        arguments = [
            f"--listen={','.join(map(str, descriptors))}",
            f"--metrics={self._metrics}",
            f"--lifeline={self._lifeline}",
            f"--ready={say_ready}",
            f"--slot={slot}",
            f"--slots={self._slots}",
            f"--grace={self._plan.grace}",
            *(f"--died={status}" for status in self._deaths[slot]),
        ]
        process = subprocess.Popen(
            [*self._plan.command, *arguments],
            stdin=subprocess.DEVNULL,
            process_group=0,  # a Ctrl-C is for the supervisor, who decides what it means
            pass_fds=(*descriptors, self._metrics, self._lifeline, say_ready),
        )
        os.close(say_ready)
        self._workers[slot] = _Worker(process, said_ready)
        self._selector.register(said_ready, selectors.EVENT_READ, lambda: self._heard(slot))

    def _heard(self, slot: int) -> None:
        """A worker says that it is ready, or its end of the pipe was closed by its death."""
        worker = self._workers.get(slot)
        if worker is None:
            return
        self._selector.unregister(worker.said_ready)
        worker.ready = os.read(worker.said_ready, 1) != b""
        if not worker.ready or self._kill_at is not None:
            return
        self._deaths[slot].clear()
        self._count()
        _LOG.info("worker is ready", worker=slot, pid=worker.process.pid)
        if not self._opened:
            self._opened = True
            self._due |= {other: stopwatch() for other in range(2, self._slots)}
        if self._announce and self._ready() == self._plan.workers:
            self._announce(self._address())
            self._announce = None

    def _signalled(self, number: int) -> None:
        match number:
            case signal.SIGCHLD:
                self._reap()
            case signal.SIGINT if self._interrupted:
                self._kill()
            case _:
                self._interrupted |= number == signal.SIGINT
                self._stop()

    def _reap(self) -> None:
        for slot, worker in list(self._workers.items()):
            status = worker.process.poll()
            if status is not None:
                del self._workers[slot]
                self._bury(slot, worker, status)

    def _bury(self, slot: int, worker: _Worker, status: int) -> None:
        if worker.said_ready in self._selector.get_map():
            self._selector.unregister(worker.said_ready)
        os.close(worker.said_ready)
        self._meter.vacate(slot)
        self._count()
        if self._kill_at is not None:
            return
        if status == EX_CONFIG and not self._opened:
            self._status = EX_CONFIG
            self._stop()
            return
        steady = worker.ready and stopwatch() - worker.started >= STEADY_SECONDS
        self._young_deaths[slot] = 0 if steady else self._young_deaths[slot] + 1
        self._deaths[slot].append(status)
        pause = pause_before_replacing(self._young_deaths[slot])
        _LOG.error("worker died", worker=slot, exit_status=status, replaced_in_seconds=pause)
        self._due[slot] = stopwatch() + pause

    def _stop(self) -> None:
        if self._kill_at is None:
            _LOG.info("stopping", workers=len(self._workers))
            self._kill_at = stopwatch() + self._plan.grace
            self._due.clear()
            for listener in self._listeners:
                listener.close()
            for worker in self._workers.values():
                worker.process.terminate()

    def _kill(self) -> None:
        if not self._workers or self._killed:
            return
        _LOG.warning("killing workers that did not stop", workers=len(self._workers))
        self._killed = True
        self._status = self._status or 1
        for worker in self._workers.values():
            worker.process.kill()

    def _ready(self) -> int:
        return sum(worker.ready for worker in self._workers.values())

    def _count(self) -> None:
        self._meter.set(WORKERS, self._ready())

    def _address(self) -> str:
        host, port = self._listeners[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _signals_to(selector: selectors.BaseSelector, heard: Callable[[int], None]) -> Iterator[None]:
    """Have signals arrive as bytes among everything else that is waited for."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)

    def deliver() -> None:
        for number in os.read(read, 1024):
            heard(number)

    selector.register(read, selectors.EVENT_READ, deliver)
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    # Who starts us with nohup wants us to outlive the terminal, whose end SIGHUP tells.
    outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heeded = set(_SIGNALS) - ({signal.SIGHUP} if outlives_terminal else set())
    handlers = {number: signal.signal(number, lambda *_: None) for number in heeded}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        selector.unregister(read)
        os.close(read)
        os.close(write)
