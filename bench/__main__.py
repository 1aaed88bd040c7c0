"""python -m bench: measure, and print ratios."""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from bench import report
from bench.cases import CASES, SIGN_IN
from bench.plan import Options, measure
from bench.results import as_json, result

RESULTS = Path(__file__).with_name("results")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    names = [*(case.name for case in CASES), SIGN_IN]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--engine", choices=["sqlite", "postgres"], help="on this database alone")
    parser.add_argument("--workers", type=int, help="with this many workers alone")
    parser.add_argument("--only", choices=names, action="append", help="this request alone; again")
    parser.add_argument(
        "--without", choices=["gatewatch", "oidc-provider"], action="append", help="leave one out"
    )
    parser.add_argument("--quick", action="store_true", help="one run of a second: does it work?")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each request (3)")
    parser.add_argument("--seconds", type=int, default=3, help="the length of a run (3)")
    parser.add_argument("--connections", type=int, default=64, help="at once (64)")
    parser.add_argument(
        "--setting", action="append", default=[], metavar="NAME=VALUE", help="of gatewatch"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there as well")
    return parser.parse_args(argv)


def options(given: argparse.Namespace) -> Options:
    return Options(
        engines=(given.engine,) if given.engine else ("sqlite", "postgres"),
        workers=(given.workers,) if given.workers else (1, 2),
        only=frozenset(given.only or ()),
        without=frozenset(given.without or ()),
        seconds=1 if given.quick else given.seconds,
        rounds=1 if given.quick else given.rounds,
        connections=given.connections,
        quick=given.quick,
        settings=dict(setting.split("=", 1) for setting in given.setting),
    )


def machine() -> dict:
    """Return what the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("gatewatch", "uvicorn", "uvloop", "httptools")},
    }


def main() -> int:
    given = arguments()
    chosen = options(given)
    print(report.preface(chosen))
    print(", ".join(f"{name} {value}" for name, value in machine().items()), flush=True)
    configurations = []
    for measured in measure(chosen):
        shown = result(measured)
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(report.table(shown), flush=True)
        configurations.append(as_json(shown, measured))
    RESULTS.mkdir(exist_ok=True)
    told = json.dumps({"machine": machine(), "configurations": configurations}, indent=1)
    for file in filter(None, (RESULTS / "latest.json", given.json)):
        file.write_text(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
