"""The exposition formats: Prometheus text 0.0.4, and OpenMetrics 1.0."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metric import Counter, Gauge, Histogram, Metric, Series

PROMETHEUS_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The format that every scraper reads (Prometheus, exposition formats)."""
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
"""The format for scrapers that ask for it (OpenMetrics 1.0)."""


def negotiate(accept: str | None) -> tuple[str, bool]:
    """Choose by the Accept header (RFC 9110 section 12.5.1): content type, and if OpenMetrics.

    Text unless OpenMetrics 1.0 is asked for by name, with at least the weight of plain text.
    """
    weights = dict(map(_weigh, (accept or "").split(",")))
    wanted = weights.get("application/openmetrics-text", 0.0)
    if wanted > 0 and wanted >= weights.get("text/plain", 0.0):
        return OPENMETRICS, True
    return PROMETHEUS_TEXT, False


def render(meter: Meter, *, openmetrics: bool = False) -> bytes:
    """Write down every metric as it is now, merged over all processes."""
    meter.refresh()
    lines = [line for metric in meter.metrics for line in _metric(meter, metric, openmetrics)]
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines).encode()


def _weigh(choice: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in choice.split(";"))
    given = dict(parameter.partition("=")[::2] for parameter in parameters)
    if kind == "application/openmetrics-text" and given.get("version", "1.0.0") != "1.0.0":
        return "", 0.0
    try:
        return kind, float(given.get("q", "1"))
    except ValueError:
        return kind, 0.0


def _metric(meter: Meter, metric: Metric, openmetrics: bool) -> Iterator[str]:  # noqa: FBT001
    family = metric.name.removesuffix("_total") if openmetrics else metric.name
    yield f"# HELP {family} {_help(metric.help, openmetrics)}\n"
    yield f"# TYPE {family} {_type(metric)}\n"
    names = tuple(metric.labels)
    for labels, values in meter.readings(metric):
        pairs = _pairs(names, labels)
        if isinstance(metric, Histogram):
            yield from _histogram(metric, pairs, values)
        else:
            yield f"{metric.name}{_braces(pairs)} {_number(values[0])}\n"


def _histogram(metric: Histogram, pairs: str, values: Sequence[float]) -> Iterator[str]:
    *counts, total = values
    comma = "," if pairs else ""
    reached = 0.0
    for bound, reached in zip((*metric.buckets, float("inf")), accumulate(counts), strict=True):
        yield f'{metric.name}_bucket{{{pairs}{comma}le="{_number(bound)}"}} {_number(reached)}\n'
    yield f"{metric.name}_sum{_braces(pairs)} {_number(total)}\n"
    yield f"{metric.name}_count{_braces(pairs)} {_number(reached)}\n"


def _type(metric: Metric) -> str:
    match metric:
        case Counter():
            return "counter"
        case Gauge():
            return "gauge"
        case _:
            return "histogram"


def _pairs(names: tuple[str, ...], labels: Series) -> str:
    return ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, labels, strict=True))


def _braces(pairs: str) -> str:
    return f"{{{pairs}}}" if pairs else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _help(text: str, openmetrics: bool) -> str:  # noqa: FBT001
    """Escape a help text; OpenMetrics escapes its quotes too."""
    return _escape(text) if openmetrics else text.replace("\\", r"\\").replace("\n", r"\n")


def _number(value: float) -> str:
    """Write a number as both formats read it: ``+Inf``, and bounds as floats (``1.0``)."""
    return "+Inf" if value == float("inf") else repr(value)
