"""What a log line looks like: columns for people, or a JSON object for programs.

Nothing that a client sent can start a line of its own or move the cursor: whatever does not print
is escaped.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from traceback import format_exception
from typing import Any, Protocol

from gatewatch.kernel.secrets import Secret


class LineFormat(Protocol):
    """Writes down requests, and everything else."""

    def request(
        self,
        at: float,
        status: int,
        seconds: float,
        address: str,
        method: str,
        path: str,
        request_id: str,
    ) -> bytes:
        """One request that was answered `at` this Unix time, in so many seconds."""
        ...

    def record(self, record: logging.LogRecord, request_id: str | None) -> bytes:
        """Anything else."""
        ...


class TextLines:
    """The columns of AuthGate's guide; times are UTC."""

    def __init__(self) -> None:
        self._second = -1
        self._stamp = ""

    def request(
        self,
        at: float,
        status: int,
        seconds: float,
        address: str,
        method: str,
        path: str,
        request_id: str,
    ) -> bytes:
        return (
            f"{self._start(at)} | {status} | {seconds * 1000:.3f}ms | {printable(address)} | "
            f'{printable(method)} "{_within_quotes(path)}" | {request_id}\n'
        ).encode()

    def record(self, record: logging.LogRecord, request_id: str | None) -> bytes:
        level = _LEVELS.get(record.levelno, record.levelname).upper()
        message = printable(record.getMessage())
        fields = "".join(f" {printable(name)}={_value(value)}" for name, value in _fields(record))
        end = f" | {request_id}" if request_id else ""
        trace = "".join(f"\n    {printable(line)}" for line in _trace(record).splitlines())
        start = f"{self._start(record.created)} | {level} | {printable(record.name)}"
        return f"{start} | {message}{fields}{end}{trace}\n".encode()

    def _start(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            moment = datetime.fromtimestamp(second, UTC)
            self._second, self._stamp = second, f"[gatewatch] {moment:%Y/%m/%d - %H:%M:%S}"
        return self._stamp


class JsonLines:
    """One JSON object per line, in ASCII; times are RFC 3339 with milliseconds."""

    def __init__(self) -> None:
        self._second = -1
        self._stamp = ""

    def request(
        self,
        at: float,
        status: int,
        seconds: float,
        address: str,
        method: str,
        path: str,
        request_id: str,
    ) -> bytes:
        return (
            f'{{"timestamp":"{self._time(at)}","level":"info","target":"gatewatch.requests",'
            f'"message":"request","request_id":{quoted(request_id)},"status":{status},'
            f'"duration_ms":{seconds * 1000:.3f},"address":{quoted(address)},'
            f'"method":{quoted(method)},"path":{quoted(path)}}}\n'
        ).encode("ascii")

    def record(self, record: logging.LogRecord, request_id: str | None) -> bytes:
        told = {
            "timestamp": self._time(record.created),
            "level": _LEVELS.get(record.levelno, record.levelname.lower()),
            "target": record.name,
            "message": record.getMessage(),
        }
        if request_id:
            told["request_id"] = request_id
        if trace := _trace(record):
            told["exception"] = trace
        line = {**told, **dict(_fields(record)), **told}
        return json.dumps(line, default=_plain, separators=(",", ":")).encode("ascii") + b"\n"

    def _time(self, at: float) -> str:
        second = int(at)
        if second != self._second:
            moment = datetime.fromtimestamp(second, UTC)
            self._second, self._stamp = second, f"{moment:%Y-%m-%dT%H:%M:%S}"
        return f"{self._stamp}.{int((at - second) * 1000):03}Z"


def printable(text: str) -> str:
    """Write whatever does not print as an escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def _within_quotes(text: str) -> str:
    return printable(text.replace("\\", r"\\").replace('"', r"\""))


def _plain(value: object) -> str:
    return "***" if isinstance(value, Secret) else str(value)


def _value(value: object) -> str:
    text = _plain(value)
    safe = _within_quotes(text)
    return safe if safe == text and text and not {" ", "="} & set(text) else f'"{safe}"'


def _fields(record: logging.LogRecord) -> list[tuple[str, Any]]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return list(fields.items())


def _trace(record: logging.LogRecord) -> str:
    return "".join(format_exception(*record.exc_info)) if record.exc_info else ""


_LEVELS = {
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warn",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}
