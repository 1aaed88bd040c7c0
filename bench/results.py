"""What the runs come to: medians, ratios, and whether they meet the aims."""

from dataclasses import asdict, dataclass
from statistics import median, quantiles

from bench.cases import (
    CASES,
    SIGN_IN_AIM,
    SIGN_IN_HEALTH_P99_MS,
    WORKER_RSS_MB,
    Case,
)
from bench.plan import Measured
from bench.processes import Memory
from bench.wrk import Shot


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure and the bound that it is held against."""

    value: float
    bound: float
    at_most: bool

    @property
    def met(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g} {'✓' if self.met else '✗'}"


@dataclass(frozen=True, slots=True)
class Runs:
    """The median of some runs of one kind of request, and how far they lie apart."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    database_us: float
    cores: float
    spread: float  # of the CPU per request: highest minus lowest, of the median
    rate_spread: float
    failed: int
    answers: dict[str, int]

    @classmethod
    def of(cls, shots: list[Shot]) -> "Runs":
        return cls(
            rate=median(shot.rate for shot in shots),
            p50_ms=median(shot.p50_ms for shot in shots),
            p99_ms=median(shot.p99_ms for shot in shots),
            cpu_us=median(shot.server_us for shot in shots),
            database_us=median(shot.database_us for shot in shots),
            cores=median(shot.server_cores for shot in shots),
            spread=_spread([shot.server_us for shot in shots]),
            rate_spread=_spread([shot.rate for shot in shots]),
            failed=sum(shot.failed for shot in shots),
            answers={text: sum(shot.answers[text] for shot in shots) for text in shots[0].answers},
        )


def _spread(figures: list[float]) -> float:
    return (max(figures) - min(figures)) / median(figures)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of request: gatewatch, beside the bare app and beside the peer."""

    case: Case
    runs: Runs | None
    peer: Runs | None
    ratio: float | None  # of the bare app's CPU
    peer_ratio: float | None  # requests per CPU second, of the peer's

    @property
    def aim(self) -> Aim | None:
        if self.ratio is None or self.case.aim is None:
            return None
        return Aim(self.ratio, self.case.aim, at_most=True)

    @property
    def peer_aim(self) -> Aim | None:
        if self.peer_ratio is None or self.case.peer_aim is None:
            return None
        return Aim(self.peer_ratio, self.case.peer_aim, at_most=False)


@dataclass(frozen=True, slots=True)
class SignInRow:
    """Sign-ins beside the bare hash."""

    rate: float
    hashes: float
    share: float
    cpu_share: float
    p99_ms: float
    health_p99_ms: float
    spread: float
    failed: int

    @property
    def aim(self) -> Aim:
        return Aim(self.share, SIGN_IN_AIM, at_most=False)

    @property
    def health_aim(self) -> Aim:
        return Aim(self.health_p99_ms, SIGN_IN_HEALTH_P99_MS, at_most=True)


@dataclass(frozen=True, slots=True)
class Result:
    """One configuration, ready to be shown."""

    engine: str
    workers: int
    bare: Runs
    rows: list[Row]
    sign_in: SignInRow | None
    memory: dict[str, list[Memory]]
    other_cores: float  # the median of what everybody else used meanwhile
    worst_other_cores: float

    @property
    def memory_aim(self) -> Aim | None:
        """The largest worker of gatewatch, in MB."""
        workers = [held.rss for held in self.memory.get("gatewatch", ()) if held.role == "worker"]
        return Aim(max(workers), WORKER_RSS_MB, at_most=True) if workers else None


def result(measured: Measured) -> Result:
    """Return what a configuration's runs come to."""
    bare = Runs.of(measured.shots["bare", "health"])
    others = [shot.other_cores for shots in measured.shots.values() for shot in shots]
    rows = [_row(case, measured, bare) for case in CASES]
    return Result(
        engine=measured.engine,
        workers=measured.workers,
        bare=bare,
        rows=[row for row in rows if row.runs or row.peer],
        sign_in=_sign_in(measured),
        memory=measured.memory,
        other_cores=median(others),
        worst_other_cores=max(others),
    )


def _row(case: Case, measured: Measured, bare: Runs) -> Row:
    ours = measured.shots.get(("gatewatch", case.name))
    theirs = measured.shots.get(("oidc-provider", case.name))
    runs = Runs.of(ours) if ours else None
    peer = Runs.of(theirs) if theirs else None
    return Row(
        case=case,
        runs=runs,
        peer=peer,
        ratio=runs.cpu_us / bare.cpu_us if runs else None,
        peer_ratio=peer.cpu_us / runs.cpu_us if runs and peer else None,
    )


def _sign_in(measured: Measured) -> SignInRow | None:
    runs = measured.sign_ins
    if not runs:
        return None
    probes = [took for run in runs for took in run.health_ms]
    return SignInRow(
        rate=median(run.shot.rate for run in runs),
        hashes=median(run.hashes_per_second for run in runs),
        share=median(run.share for run in runs),
        cpu_share=median(run.cpu_share for run in runs),
        p99_ms=median(run.shot.p99_ms for run in runs),
        health_p99_ms=quantiles(probes, n=100)[98],
        spread=_spread([run.share for run in runs]),
        failed=sum(run.shot.failed for run in runs),
    )


def as_json(shown: Result, measured: Measured) -> dict:
    """Return everything: what was shown, and every run behind it."""
    return {
        **asdict(shown),
        "aims": {
            **{row.case.name: _told(row.aim) for row in shown.rows if row.aim},
            **{f"{row.case.name}_peer": _told(row.peer_aim) for row in shown.rows if row.peer_aim},
            **({"worker_rss_mb": _told(shown.memory_aim)} if shown.memory_aim else {}),
            **(
                {
                    "sign_in": _told(shown.sign_in.aim),
                    "sign_in_health_p99_ms": _told(shown.sign_in.health_aim),
                }
                if shown.sign_in
                else {}
            ),
        },
        "runs": [
            {"server": server, "case": case, **asdict(shot)}
            for (server, case), shots in measured.shots.items()
            for shot in shots
        ],
        "sign_in_runs": [asdict(run) for run in measured.sign_ins],
    }


def _told(aim: Aim) -> dict:
    return {**asdict(aim), "met": aim.met}
