"""``gatewatch serve``: the server.

It loads the settings, binds the socket, and owns the workers that do the rest; so it must stay
small, and imports nothing that they need.
"""

import sys
from argparse import ArgumentParser, Namespace

from gatewatch.backends.telemetry.logs import configure
from gatewatch.cli.output import Output
from gatewatch.settings import MetricsAccess, Settings, Source
from gatewatch.supervisor import Plan, serve


def register(parser: ArgumentParser) -> None:
    """Declare the command's arguments: there are none, since settings come from the environment."""
    parser.set_defaults(run=run)


def run(_arguments: Namespace, output: Output) -> int:
    """Serve until told to stop."""
    settings = Settings.load()
    configure(settings.telemetry.log, settings.telemetry.log_format)
    web = settings.web
    plan = Plan(
        host=web.host,
        port=web.port,
        workers=web.workers,
        grace=web.shutdown_grace.total_seconds(),
    )
    return serve(plan, lambda address: _ready(settings, address, output))


def _ready(settings: Settings, address: str, output: Output) -> None:
    output.remark(f"gatewatch serves {settings.web.issuer} on {address}. Stop it with Ctrl-C.")
    source = settings.sources["GATEWATCH_METRICS_TOKEN"]
    if settings.telemetry.metrics is MetricsAccess.BEARER and source is Source.GENERATED:
        path = settings.instance.data_dir / "metrics_token"
        output.remark(f"/metrics asks for the token in {path}.")
    sys.stderr.flush()
