"""Exports of the audit log: any number of events, in memory that does not grow with them.

An export goes from the newest event to the oldest, as pages do; what happens meanwhile is newer
than where it began. It is an event that it began, and another what it came to: how many events,
and the SHA-256 of the file.
"""

import asyncio
import csv
import hashlib
import io
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from gatewatch.audit import pages
from gatewatch.audit.formats import Format, Observer, Record, line
from gatewatch.audit.formats.record import Seal
from gatewatch.audit.indexer import Words
from gatewatch.audit.journal import Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search, only
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.audit import AuditExported, AuditExportEnded
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.time import rfc3339

BATCH: Final = 2_000
"""Events read at a time: about two megabytes."""

COLUMNS: Final = AuditRow.__struct_fields__
"""The columns of a CSV file: all there are."""


class ExportFormat(StrEnum):
    """What an export is written in."""

    CSV = "csv"
    """All columns, safe to open in a spreadsheet."""
    NDJSON = "ndjson"
    """A JSON object on each line, with the names of the API."""
    OCSF = "ocsf"
    """The same in OCSF 1.8."""
    ECS = "ecs"
    """The same in Elastic Common Schema."""
    CEF = "cef"
    """A line of CEF for each event."""

    @property
    def media_type(self) -> str:
        """The media type of the file."""
        return _MEDIA_TYPES[self]

    @property
    def extension(self) -> str:
        """How the file's name ends."""
        return {"csv": "csv", "cef": "cef"}.get(self.value, "ndjson")


_MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.OCSF: "application/x-ndjson",
    ExportFormat.ECS: "application/x-ndjson",
    ExportFormat.CEF: "text/plain; charset=utf-8",
}

_LINES: Final = {
    ExportFormat.NDJSON: Format.NATIVE,
    ExportFormat.OCSF: Format.OCSF,
    ExportFormat.ECS: Format.ECS,
    ExportFormat.CEF: Format.CEF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported."""

    search: Search
    form: ExportFormat = ExportFormat.CSV
    before: str | None = None
    """Where an export that was broken off goes on: older than this event, and without a head."""
    person: str | None = None
    """Of all that, only what this account did, and what was done to it."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What an export came to."""

    file_name: str
    rows: int
    sha256: str
    is_whole: bool


_Write = Callable[[Sequence[Record]], bytes]


@dataclass(slots=True)
class _Tally:
    rows: int
    digest: Any
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Exports:
    """Writes the audit log, or a part of it, as a file."""

    database: Database
    journal: Journal
    words: Words
    observer: Observer

    def file_name(self, wanted: Wanted, now: datetime) -> str:
        """What to call the file: when it was made, in UTC."""
        return f"audit-{now:%Y%m%dT%H%M%SZ}.{wanted.form.extension}"

    async def stream(
        self, wanted: Wanted, *, export_id: str, file_name: str, by: Actor, origin: Origin
    ) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece."""
        filters = (*wanted.search.named(), *(["person"] if wanted.person else []))
        began = AuditExported(export_id=export_id, file_name=file_name, filters=filters)
        self.journal.spool(began, actor=by, origin=origin)
        tally = _Tally(0, hashlib.sha256())
        try:
            async for chunk in self._chunks(wanted, tally):
                tally.digest.update(chunk)
                yield chunk
            tally.is_whole = True
        finally:
            ended = AuditExportEnded(
                export_id=export_id,
                file_name=file_name,
                rows=tally.rows,
                sha256=tally.digest.hexdigest(),
                is_whole=tally.is_whole,
            )
            self.journal.spool(ended, actor=by, origin=origin)

    async def checksum(self, export_id: str) -> Checksum | None:
        """What an export came to, once it has ended."""
        search = Search(resource_id=only(export_id), action=only(AuditExportEnded.action))
        await self.journal.flush()
        rows = await pages.page(self.database, search, count=1)
        if not rows:
            return None
        told = rows[0].metadata
        return Checksum(told["file_name"], told["rows"], told["sha256"], told["is_whole"])

    async def _chunks(self, wanted: Wanted, tally: _Tally) -> AsyncGenerator[bytes, None]:
        is_csv = wanted.form is ExportFormat.CSV
        write: _Write = _csv_rows if is_csv else self._lines(_LINES[wanted.form])
        if is_csv and wanted.before is None:
            yield _csv([COLUMNS])
        before = wanted.before
        while rows := await self._rows(wanted, before):
            before = rows[-1].id
            tally.rows += len(rows)
            seals = {} if is_csv else await self._seals(rows)
            records = [Record(row, seals.get(row.id)) for row in rows]
            yield await asyncio.to_thread(write, records)
            if len(rows) < BATCH:
                return

    async def _rows(self, wanted: Wanted, before: str | None) -> list[AuditRow]:
        if wanted.person is None:
            return await self.words.page(wanted.search, count=BATCH, before=before)
        about = only(wanted.person)
        did = await self.words.page(replace(wanted.search, actor=about), count=BATCH, before=before)
        was_done = await self.words.page(
            replace(wanted.search, resource_id=about), count=BATCH, before=before
        )
        both = {row.id: row for row in (*did, *was_done)}
        return sorted(both.values(), key=lambda row: row.id, reverse=True)[:BATCH]

    async def _seals(self, rows: Sequence[AuditRow]) -> dict[str, Seal]:
        return await pages.seals_of(self.database, [row.id for row in rows])

    def _lines(self, form: Format) -> _Write:
        def write(records: Sequence[Record]) -> bytes:
            return b"".join(line(form, record, self.observer) + b"\n" for record in records)

        return write


def _csv_rows(records: Sequence[Record]) -> bytes:
    return _csv([_cells(record.row) for record in records])


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    """Lines as RFC 4180 has them, but for their end, which is that of a text file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: AuditRow) -> list[object]:
    """A row's cells, none of which a spreadsheet takes for a formula."""
    cells: list[Any] = list(msgspec.structs.astuple(row))
    cells[_AT] = rfc3339(row.created_at)
    cells[_DETAILS] = _encode(row.metadata).decode()
    for place in _FOREIGN:
        cell = cells[place]
        if cell and cell[0] in FORMULA:
            cells[place] = "'" + cell
    return cells


FORMULA: Final = frozenset("=+-@\t\r\n")
"""What a spreadsheet takes a cell for a formula by (OWASP, CSV injection)."""

_AT: Final = COLUMNS.index("created_at")
_DETAILS: Final = COLUMNS.index("metadata")
_OURS: Final = frozenset(COLUMNS[:6]) | {
    "actor_type",
    "resource_type",
    "metadata",
    "emitter",
    "sequence",
    "kept_before",
}
_FOREIGN: Final = tuple(place for place, name in enumerate(COLUMNS) if name not in _OURS)
"""Columns that somebody else may have chosen the words of."""

_encode: Final = msgspec.json.Encoder().encode
