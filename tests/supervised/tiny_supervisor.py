"""A supervisor of tiny workers: host, port, workers, grace, and what the workers open."""

import sys
from pathlib import Path

from gatewatch.backends.telemetry.logs import configure
from gatewatch.settings.telemetry import LogFormat
from gatewatch.supervisor import Plan, serve

if __name__ == "__main__":
    host, port, workers, grace, opening = sys.argv[1:]
    configure("info", LogFormat.TEXT)
    worker = Path(__file__).with_name("tiny_worker.py")
    plan = Plan(
        host=host,
        port=int(port),
        workers=int(workers),
        grace=float(grace),
        command=(sys.executable, str(worker), opening),
    )
    sys.exit(serve(plan, lambda address: print(f"READY {address}", flush=True)))  # noqa: T201
