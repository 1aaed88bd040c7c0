"""Receivers of events, each as strict as the real one about what it is sent."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from tests.kit.ports import free_port

from gatewatch.audit.formats import Format, Observer, Record
from gatewatch.audit.sinks.port import Parcel

OBSERVER = Observer("https://id.example.com", "atlas", "0.1.0")


def parcels(*rows, form: Format = Format.NATIVE) -> list[Parcel]:
    return [Parcel(Record(row), form, OBSERVER) for row in rows]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


class HttpReceiver:
    """Answers POSTs as `judge` says, and keeps what it was asked."""

    def __init__(self, judge: Callable[[Asked], Answer]) -> None:
        self.judge = judge
        self.asked: list[Asked] = []
        self.port = free_port()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                answer = self.judge(asked)
                head = f"HTTP/1.1 {answer.status} So\r\ncontent-length: {len(answer.body)}\r\n"
                head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                writer.write(head.encode() + b"\r\n" + answer.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, body)


@asynccontextmanager
async def http_receiver(judge: Callable[[Asked], Answer]) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver(judge)
    await receiver.start()
    try:
        yield receiver
    finally:
        if receiver._server is not None:
            await receiver.stop()


MESSAGE = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (?P<host>[!-~]{1,255}) "
    r"(?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    r'(?P<data>(?:\[[!-~]{1,32}(?: [!-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+|-) ?(?P<text>.*)',
    re.DOTALL,
)
"""A message by the grammar of RFC 5424 section 6."""


class SyslogReceiver:
    """Reads octet-counted frames, as RFC 6587 and RFC 5425 have them."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.port = free_port()
        self.messages: list[re.Match[str]] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def ids(self) -> list[str]:
        return [json.loads(each["text"])["id"] for each in self.messages]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)

    async def stop(self) -> None:
        """Die: connections are reset, and what was not read is lost."""
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                length = int((await reader.readuntil(b" ")).decode())
                frame = (await reader.readexactly(length)).decode()
                message = MESSAGE.fullmatch(frame)
                assert message is not None, frame
                self.messages.append(message)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


@asynccontextmanager
async def syslog_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[SyslogReceiver]:
    receiver = SyslogReceiver(tls)
    await receiver.start()
    try:
        yield receiver
    finally:
        if receiver._server is not None:
            await receiver.stop()


@dataclass(frozen=True)
class Certificate:
    """A certificate of its own making for 127.0.0.1, as PEM."""

    certificate: str
    key: str

    @property
    def both(self) -> str:
        return self.certificate + self.key

    def server(self, folder: Path, *, clients: str | None = None) -> ssl.SSLContext:
        """A server's side, that asks clients for a certificate if given whose."""
        path = folder / "server.pem"
        path.write_text(self.both)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients)
        return context


def certificate(name: str = "receiver") -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL looks at the wall itself
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(made.public_bytes(Encoding.PEM).decode(), private.decode())
