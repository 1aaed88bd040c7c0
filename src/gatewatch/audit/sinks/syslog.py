"""Syslog: RFC 5424 messages over TCP (RFC 6587) or TLS (RFC 5425), each after its length.

Syslog has no receipts. A batch counts as sent once the receiver's machine has acknowledged all
its bytes, and what was sent over a connection in the seconds before it broke is sent again.
"""

import asyncio
import json
import re
import ssl
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from fcntl import ioctl
from typing import Final

import msgspec

from gatewatch.audit.formats.record import PRODUCT, Observer, Record
from gatewatch.audit.row import AuditRow
from gatewatch.audit.sinks.port import ANSWER_SECONDS, Delivery, NotDelivered, Parcel
from gatewatch.catalogue.event import Severity
from gatewatch.kernel.time import stopwatch

SEVERITIES: Final = {
    Severity.INFO: 6,
    Severity.WARNING: 4,
    Severity.ERROR: 3,
    Severity.CRITICAL: 2,
}
"""Informational, warning, error, critical (RFC 5424 section 6.2.1)."""

LOG_AUDIT: Final = 13
"""The facility "log audit" (RFC 5424 section 6.2.1)."""

ENTERPRISE: Final = 32473
"""The enterprise number for what has none of its own (RFC 5612)."""

LOOK_BACK_SECONDS: Final = 10.0
"""How far back is sent again after a connection broke: what the receiver may not have read."""

LOOK_BACK: Final = 2_000
"""Messages sent again at most."""

_BOM: Final = "\ufeff"
_LAST_SEQUENCE: Final = 2**31 - 1
"""The largest ``sequenceId`` (RFC 5424 section 7.3.1), after which it begins at 1 again."""

_NOT_PRINTABLE: Final = re.compile(r"[^!-~]")
_SIOCOUTQ: Final = 0x5411
"""Asks Linux how many bytes of a socket its peer has not acknowledged (tcp(7))."""
_POLL_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a syslog server listens; over TLS if there is a context."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


class SyslogSink:
    """Keeps a connection to a syslog server."""

    def __init__(self, receiver: Receiver, facility: int = LOG_AUDIT) -> None:
        self._receiver = receiver
        self._facility = facility
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._unsure: deque[tuple[float, bytes]] = deque(maxlen=LOOK_BACK)

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        messages = [framed(message(parcel, self._facility)) for parcel in parcels]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._send(messages)
        except (OSError, TimeoutError, ssl.SSLError) as error:
            await self.close()
            raise NotDelivered(_said(error)) from error
        return Delivery.SENT

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _send(self, messages: list[bytes]) -> None:
        writer = await self._connected()
        writer.write(b"".join(messages))
        await writer.drain()
        await _acknowledged(writer)
        if self._is_broken():
            raise ConnectionResetError("the receiver hung up")
        now = stopwatch()
        self._unsure.extend((now, each) for each in messages)
        while self._unsure and self._unsure[0][0] < now - LOOK_BACK_SECONDS:
            self._unsure.popleft()

    async def _connected(self) -> asyncio.StreamWriter:
        # Let the loop see what the receiver did meanwhile, such as hanging up.
        await asyncio.sleep(0)
        if self._writer is None or self._is_broken():
            await self.close()
            to = self._receiver
            self._reader, self._writer = await asyncio.open_connection(
                to.host,
                to.port,
                ssl=to.tls,
                server_hostname=to.host if to.tls else None,
            )
            self._writer.transport.set_write_buffer_limits(0)
            self._writer.write(b"".join(each for _, each in self._unsure))
        return self._writer

    def _is_broken(self) -> bool:
        """Whether the receiver hung up: a syslog server says nothing else, ever."""
        return (
            self._writer is None
            or self._reader is None
            or self._reader.at_eof()
            or self._writer.is_closing()
        )


def framed(message: bytes) -> bytes:
    """A message after the number of its octets (RFC 6587 section 3.4.1)."""
    return b"%d %s" % (len(message), message)


def message(parcel: Parcel, facility: int = LOG_AUDIT) -> bytes:
    """An event as a syslog message (RFC 5424 section 6)."""
    record, observer = parcel.record, parcel.observer
    row = record.row
    priority = facility * 8 + SEVERITIES[Severity(row.severity)]
    at = row.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = " ".join(
        (
            f"<{priority}>1",
            at,
            header_text(observer.host, 255),
            PRODUCT,
            header_text(row.emitter, 128),
            header_text(row.event_type, 32),
            _structured(record, observer),
        )
    )
    return f"{head} {_text(parcel)}".encode()


def header_text(text: str, length: int) -> str:
    """Text as a field of the header may hold it: visible ASCII, or a dash for nothing."""
    return _NOT_PRINTABLE.sub("_", text)[:length] or "-"


def parameter_text(text: str) -> str:
    """Text as a parameter's value may hold it (RFC 5424 section 6.3.3)."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _structured(record: Record, observer: Observer) -> str:
    row = record.row
    elements = [
        _element("origin", software=PRODUCT, swVersion=observer.version),
        _element(f"event@{ENTERPRISE}", **_parameters(row)),
    ]
    if record.seal is not None:
        sequence = record.seal.position % _LAST_SEQUENCE + 1
        elements.append(_element("meta", sequenceId=str(sequence)))
    return "".join(elements)


def _element(name: str, **parameters: str) -> str:
    members = "".join(f' {key}="{parameter_text(value)}"' for key, value in parameters.items())
    return f"[{name}{members}]"


def _parameters(row: AuditRow) -> dict[str, str]:
    told = {
        "id": row.id,
        "action": row.action,
        "status": row.status,
        "actor": row.actor_id,
        "address": row.ip_address,
        "request": row.request_id,
    }
    return {name: value for name, value in told.items() if value}


def _text(parcel: Parcel) -> str:
    """The message's text: JSON in ASCII, or text that says that it is UTF-8 if it must.

    Many a receiver takes the mark that RFC 5424 asks for before UTF-8 for part of the JSON.
    """
    written = parcel.document
    if isinstance(written, str):
        return written if written.isascii() else _BOM + written
    return json.dumps(msgspec.to_builtins(written), separators=(",", ":"))


async def _acknowledged(writer: asyncio.StreamWriter) -> None:
    """Wait until the receiver's machine has every byte."""
    handle = writer.get_extra_info("socket").fileno()
    while not writer.is_closing() and _unacknowledged(handle):  # noqa: ASYNC110 - nobody announces it
        await asyncio.sleep(_POLL_SECONDS)


def _unacknowledged(handle: int) -> int:
    try:
        answer = ioctl(handle, _SIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
