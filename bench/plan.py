"""Who is measured when: interleaved, so that a noisy minute touches everyone alike."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import processes, signin
from bench.cases import CASES, SIGN_IN
from bench.servers.bare import bare
from bench.servers.gatewatch import Setup, gatewatch
from bench.servers.oidc_provider import oidc_provider
from bench.servers.running import Server
from bench.wrk import Shot, fire

PEER_WARM_UP_SECONDS = 4  # V8 has compiled by then what it will


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    engines: tuple[str, ...]
    workers: tuple[int, ...]
    only: frozenset[str]
    without: frozenset[str]
    seconds: float
    rounds: int
    connections: int
    quick: bool
    settings: dict[str, str]

    def wants(self, case: str) -> bool:
        return not self.only or case in self.only


@dataclass(slots=True)
class Measured:
    """Everything seen of one configuration: every run, in order."""

    engine: str
    workers: int
    shots: dict[tuple[str, str], list[Shot]] = field(default_factory=dict)  # by server and case
    sign_ins: list[signin.SignIns] = field(default_factory=list)
    memory: dict[str, list[processes.Memory]] = field(default_factory=dict)  # by server

    def add(self, server: Server, case: str, shot: Shot) -> None:
        self.shots.setdefault((server.name, case), []).append(shot)


def measure(options: Options) -> Iterator[Measured]:
    """Measure each configuration, and yield it as soon as it is done."""
    with contextlib.ExitStack() as stack:
        peers = []
        if "oidc-provider" not in options.without:
            peers.append(stack.enter_context(oidc_provider()))
            _warm_up(peers[0], options, PEER_WARM_UP_SECONDS)
        for engine in options.engines:
            for workers in options.workers:
                yield _configuration(engine, workers, peers, options)


def _configuration(engine: str, workers: int, peers: list[Server], options: Options) -> Measured:
    measured = Measured(engine, workers)
    with contextlib.ExitStack() as stack:
        floor = stack.enter_context(bare(workers))
        ours = []
        if "gatewatch" not in options.without:
            setup = Setup(engine, workers, {**signin.ARGON2, **options.settings})
            ours.append(stack.enter_context(gatewatch(setup)))
        _warm_up(floor, options, 1)
        for server in ours:
            _warm_up(server, options, 1)
        for number in range(1, options.rounds + 1):
            _say(f"{engine}, {workers} worker(s): round {number} of {options.rounds}")
            _round(measured, floor, [*ours, *peers], options)
        for server in (floor, *ours, *peers):
            measured.memory[server.name] = processes.memory(server.process)
    return measured


def _round(measured: Measured, floor: Server, servers: list[Server], options: Options) -> None:
    wanted = [case.name for case in CASES if options.wants(case.name)]
    for position, case in enumerate(wanted):
        if position % 3 == 0:  # the floor is measured again and again: all ratios rest on it
            measured.add(floor, "health", _fire(floor, "health", options))
        for server in servers:
            if case in server.loads:
                measured.add(server, case, _fire(server, case, options))
    for server in servers:
        if SIGN_IN in server.loads and options.wants(SIGN_IN):
            measured.sign_ins.append(signin.measure(server, options.seconds))


def _warm_up(server: Server, options: Options, seconds: float) -> None:
    for case in CASES:
        if case.name in server.loads and options.wants(case.name):
            _say(f"warming up {server.name}: {case.title}")
            _fire(server, case.name, options, 1 if options.quick else seconds)


def _fire(server: Server, case: str, options: Options, seconds: float | None = None) -> Shot:
    return fire(
        server.url,
        server.loads[case](),
        seconds=seconds or options.seconds,
        connections=options.connections,
        server=server.process,
        database=server.database,
    )


def _say(what: str) -> None:
    """Tell whoever waits, without touching what is printed in the end."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
