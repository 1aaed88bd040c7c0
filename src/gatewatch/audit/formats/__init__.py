"""The words in which other systems want to be told of an event."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import msgspec

from gatewatch.audit.formats import cef, ecs, native, ocsf
from gatewatch.audit.formats.record import Observer, Record

__all__ = ["DOCUMENTS", "Format", "Observer", "Record", "document", "encoded", "line"]

Document = dict[str, Any]


class Format(StrEnum):
    """How an event is written for another system."""

    NATIVE = "native"
    """JSON with the names of AuthGate's guide, as ``GET /admin/audit/api`` has it."""
    OCSF = "ocsf"
    """Open Cybersecurity Schema Framework 1.8."""
    ECS = "ecs"
    """Elastic Common Schema 8."""
    CEF = "cef"
    """ArcSight's Common Event Format: a line of text."""


DOCUMENTS: Final[dict[Format, Callable[[Record, Observer], Document]]] = {
    Format.NATIVE: native.document,
    Format.OCSF: ocsf.document,
    Format.ECS: ecs.document,
}
"""The formats that are JSON objects."""

_encode: Final = msgspec.json.Encoder().encode


def document(form: Format, record: Record, observer: Observer) -> Document | str:
    """An event as a JSON object, or as text where the format is text."""
    if form is Format.CEF:
        return cef.line(record, observer)
    return DOCUMENTS[form](record, observer)


def line(form: Format, record: Record, observer: Observer) -> bytes:
    """An event as one line of UTF-8, without its end."""
    return encoded(document(form, record, observer))


def encoded(written: Document | str) -> bytes:
    """What was written, as one line of UTF-8."""
    return written.encode() if isinstance(written, str) else _encode(written)
