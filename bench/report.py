"""The results as a table that reads on a terminal."""

from bench.plan import Options
from bench.results import Aim, Result, Row, Runs

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
HEADINGS = (
    f"{'':<22}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'CPU µs':>10}{'spread':>8}"
    f"{'÷ bare':>8} {'aim':<8}{'peer µs':>9}{'per CPU s':>11} {'aim':<8}"
)


def preface(options: Options) -> str:
    """Return how to read the tables, and how they were made."""
    lines = [
        (
            f"{options.rounds} interleaved run(s) of {options.seconds:g} s each, "
            f"{options.connections} connections, medians."
        ),
        "CPU µs: of the server's whole process tree, per request; +N: PostgreSQL's, apart.",
        "÷ bare: beside a bare ASGI /health on the same uvicorn, uvloop, httptools and workers.",
        "peer: oidc-provider with its in-memory adapter, one process; per CPU s: requests that a",
        "CPU second of gatewatch answers, of those that one of the peer does. spread: of CPU µs.",
    ]
    if options.quick:
        lines.append("A quick look: one short run with hardly a warm-up. Compare nothing by it.")
    if options.settings:
        changed = ", ".join(f"{name}={value}" for name, value in options.settings.items())
        lines.append(f"Not as it comes, but with {changed}.")
    return "\n".join(lines)


def table(shown: Result) -> str:
    """Return one configuration's figures."""
    workers = "1 worker" if shown.workers == 1 else f"{shown.workers} workers"
    lines = [
        "",
        (
            f"{NAMES[shown.engine]}, {workers}   (everybody else on this machine: "
            f"{shown.other_cores:.2f} cores, at worst {shown.worst_other_cores:.2f})"
        ),
        HEADINGS,
        _figures("bare /health", shown.bare) + _ratio(1.0, None),
        *(line for row in shown.rows for line in _lines(row)),
        *_sign_in(shown),
        *_memory(shown),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _lines(row: Row) -> list[str]:
    line = _figures(row.case.title, row.runs) if row.runs else f"{row.case.title:<64}"
    line += _ratio(row.ratio, row.aim) if row.ratio else f"{'':>17}"
    if row.peer:
        line += f"{row.peer.cpu_us:>9.0f}"
    if row.peer_ratio:
        line += f"{row.peer_ratio:>10.2f}x {row.peer_aim or ''!s:<8}"
    return [line, *_remarks("gatewatch", row.runs), *_remarks("oidc-provider", row.peer)]


def _figures(title: str, runs: Runs) -> str:
    cpu = f"{runs.cpu_us:.1f}" if runs.cpu_us < 100 else f"{runs.cpu_us:.0f}"
    cpu += f"+{runs.database_us:.0f}" if runs.database_us else ""
    return (
        f"{title:<22}{runs.rate:>8,.0f}{runs.p50_ms:>8.1f}{runs.p99_ms:>8.1f}"
        f"{cpu:>10}{runs.spread:>8.0%}"
    )


def _ratio(ratio: float, aim: Aim | None) -> str:
    return f"{ratio:>7.2f}x {aim or ''!s:<8}"


def _remarks(server: str, runs: Runs | None) -> list[str]:
    """Say what the figures alone would hide."""
    if runs is None:
        return []
    lines = []
    if runs.failed:
        lines.append(f"  !! {server}: {runs.failed} requests FAILED: the row says nothing")
    if len(runs.answers) > 1:
        total = sum(runs.answers.values()) or 1
        shares = (f"{count / total:.1%} {text}" for text, count in runs.answers.items())
        lines.append(f"  {server} answered {', '.join(shares)}")
    return lines


def _sign_in(shown: Result) -> list[str]:
    row = shown.sign_in
    if row is None:
        return []
    lines = [
        (
            f"sign-in: {row.rate:.1f}/s of {row.hashes:.1f} bare Argon2id/s = {row.share:.2f} "
            f"(aim {row.aim}; by CPU {row.cpu_share:.2f}; spread {row.spread:.0%}), "
            f"p99 {row.p99_ms:.0f} ms"
        ),
        f"  /health meanwhile: p99 {row.health_p99_ms:.1f} ms (aim {row.health_aim})",
    ]
    if row.failed:
        lines.append(f"  !! {row.failed} sign-ins FAILED: the row says nothing")
    return lines


def _memory(shown: Result) -> list[str]:
    lines = []
    for server, processes in shown.memory.items():
        aim = f" (aim {shown.memory_aim})" if server == "gatewatch" and shown.memory_aim else ""
        held = ", ".join(
            f"{process.role} {process.rss:.0f} ({process.pss:.0f})"
            for process in processes
            if process.role != "helper"
        )
        lines.append(f"memory of {server}, MB resident (proportional): {held}{aim}")
    return lines
