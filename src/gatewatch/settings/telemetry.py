"""What it says about itself: metrics and logs."""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from gatewatch.kernel.secrets import Secret
from gatewatch.settings.declare import Derived, Known, Setting, Source
from gatewatch.settings.forms import KEY, LOG_FILTER, is_loopback, one_of
from gatewatch.settings.generated import generated


class MetricsAccess(StrEnum):
    """Who may read /metrics."""

    OFF = "off"
    OPEN = "open"
    BEARER = "token"


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


_METRICS_TOKEN = generated("metrics_token")


def _open_at_home(known: Known) -> MetricsAccess:
    """What only this machine reaches may be open; a public issuer has a proxy or a host before."""
    reached_at = urlsplit(known["GATEWATCH_ISSUER"]).hostname or ""
    at_home = is_loopback(known["GATEWATCH_HOST"]) and is_loopback(reached_at)
    return MetricsAccess.OPEN if at_home else MetricsAccess.BEARER


def _token_if_needed(known: Known) -> Secret | None:
    needed = known["GATEWATCH_METRICS"] is MetricsAccess.BEARER
    return _METRICS_TOKEN.derive(known) if needed else None


def _text_for_people(_known: Known) -> LogFormat:
    return LogFormat.TEXT if sys.stdout is not None and sys.stdout.isatty() else LogFormat.JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Metrics and logs."""

    metrics: Annotated[
        MetricsAccess,
        Setting(
            "GATEWATCH_METRICS",
            one_of(MetricsAccess),
            "Who may read /metrics: nobody, anybody, or who has GATEWATCH_METRICS_TOKEN.",
            default=Derived(
                "`open` when GATEWATCH_HOST and GATEWATCH_ISSUER are this machine's alone, else "
                "`token`",
                _open_at_home,
            ),
        ),
    ]
    metrics_token: Annotated[
        Secret | None,
        Setting(
            "GATEWATCH_METRICS_TOKEN",
            KEY,
            "The bearer token that reads /metrics when GATEWATCH_METRICS is `token`.",
            default=Derived(f"{_METRICS_TOKEN.doc}, if needed", _token_if_needed, Source.GENERATED),
            secret=True,
        ),
    ]
    log: Annotated[
        str,
        Setting(
            "GATEWATCH_LOG",
            LOG_FILTER,
            "What is logged: a level, and levels of parts, such as `info,gatewatch=debug`. Levels "
            "are trace, debug, info, warn, error, off.",
        ),
    ] = "info"
    log_format: Annotated[
        LogFormat,
        Setting(
            "GATEWATCH_LOG_FORMAT",
            one_of(LogFormat),
            "How lines are written.",
            default=Derived(
                "`text` when standard output is a terminal, else `json`", _text_for_people
            ),
        ),
    ]
