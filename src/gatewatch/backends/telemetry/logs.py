"""The log: one line for each request and each thing worth an operator's eye.

It stands on the standard library's logging, so that the lines of libraries come out in the same
form, and a host application that embeds gatewatch has ours among its own.
"""

import logging
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TextIO

from gatewatch.backends.telemetry.line_formats import JsonLines, LineFormat, TextLines
from gatewatch.backends.telemetry.lines import Lines
from gatewatch.kernel.time import Clock
from gatewatch.settings.log_filter import Filter, parse_filter
from gatewatch.settings.telemetry import LogFormat

REQUESTS: Final = "gatewatch.requests"
"""The target of the lines about requests."""

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served; every line written meanwhile bears it."""


@dataclass(frozen=True, slots=True)
class Log:
    """Writes lines about one part of the server.

    A message may have ``%s`` for its arguments; keywords become fields of the line.
    """

    _target: logging.Logger

    def debug(self, message: str, /, *args: object, **fields: object) -> None:
        """For who looks into this part."""
        self._write(logging.DEBUG, message, args, fields)

    def info(self, message: str, /, *args: object, **fields: object) -> None:
        """For who wants to know what goes on."""
        self._write(logging.INFO, message, args, fields)

    def warning(self, message: str, /, *args: object, **fields: object) -> None:
        """For who can prevent worse."""
        self._write(logging.WARNING, message, args, fields)

    def error(self, message: str, /, *args: object, **fields: object) -> None:
        """For who must mend it."""
        self._write(logging.ERROR, message, args, fields)

    def exception(self, message: str, /, *args: object, **fields: object) -> None:
        """Write an error together with the exception being handled, and where it came from."""
        self._write(logging.ERROR, message, args, fields, trace=True)

    def _write(
        self,
        level: int,
        message: str,
        args: tuple[object, ...],
        fields: dict[str, object],
        *,
        trace: bool = False,
    ) -> None:
        if self._target.isEnabledFor(level):
            self._target.log(level, message, *args, exc_info=trace, extra={"fields": fields})


def logger(name: str) -> Log:
    """The log of one part, named as in a filter: ``gatewatch.audit``."""
    return Log(logging.getLogger(name))


def configure(levels: str, form: LogFormat, stream: TextIO | None = None) -> None:
    """Write this process's log to `stream` (standard output), not wherever it went before.

    Raises:
        ValueError: when `levels` is no filter.
    """
    chosen = parse_filter(levels)
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
        former.close()
    root.addHandler(_Handler(Lines((stream or sys.stdout).fileno()), _line_format(form), chosen))
    root.setLevel(chosen.root)
    # Uvicorn announces each start and stop of a process, which the supervisor does already;
    # Alembic each of its own steps, where `gatewatch migrate` says what came of them.
    quiet = dict.fromkeys(("alembic", "uvicorn"), max(chosen.root, logging.WARNING))
    # Its pool tells of each vain attempt to connect with a trace, where we tell of the outage.
    quiet["asyncpg"] = max(chosen.root, logging.ERROR)
    for target, level in {**quiet, **chosen.targets}.items():
        logging.getLogger(target).setLevel(level)
    logging.captureWarnings(capture=True)


class RequestLog:
    """Writes one line per request, cheaply: formed here, and handed over together with others.

    Inside a host application that configured its own logging, the lines go there.
    """

    def __init__(self, clock: Clock) -> None:
        # Here and not above, so that a supervisor, which has no event loop, need not load one.
        from gatewatch.backends.telemetry.batch import Batch  # noqa: PLC0415

        handlers = logging.getLogger().handlers
        ours = next((each for each in handlers if isinstance(each, _Handler)), None)
        self._clock = clock
        self._target = logging.getLogger(REQUESTS)
        self._ours = None if ours is None else (Batch(ours.lines), ours.form)

    def write(
        self,
        status: int,
        seconds: float,
        address: str,
        method: str,
        path: str,
        request_id: str,
    ) -> None:
        """Note a request that was answered; a query never gets into the log."""
        if not self._target.isEnabledFor(logging.INFO):
            return
        bare, _, _ = path.partition("?")
        if self._ours is None:
            columns = "%s | %.3fms | %s | %s %r | %s"
            spent = seconds * 1000
            self._target.info(columns, status, spent, address, method, bare, request_id)
            return
        at = self._clock.now().timestamp()
        batch, form = self._ours
        batch.write(form.request(at, status, seconds, address, method, bare, request_id))

    def close(self) -> None:
        """Hand over what waits."""
        if self._ours is not None:
            self._ours[0].flush()


class _Handler(logging.Handler):
    """Writes records as lines of our form."""

    def __init__(self, lines: Lines, form: LineFormat, levels: Filter) -> None:
        super().__init__()
        self.lines = lines
        self.form = form
        self._levels = levels

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.lines.write(self.form.record(record, request_id_var.get()))
        except Exception:  # noqa: BLE001 - a line that cannot be formed must not stop the work
            self.handleError(record)

    def flush(self) -> None:
        self.lines.flush()

    def close(self) -> None:
        self.lines.close()
        for target in self._levels.targets:
            logging.getLogger(target).setLevel(logging.NOTSET)
        super().close()


def _line_format(form: LogFormat) -> LineFormat:
    match form:
        case LogFormat.TEXT:
            return TextLines()
        case LogFormat.JSON:
            return JsonLines()
