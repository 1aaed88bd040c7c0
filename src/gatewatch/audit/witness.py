"""Witnesses: those who are told of each signed checkpoint, and can hold us to it.

The data directory keeps the last one, a file gets them all, and an address is posted the newest.
Of two checkpoints the newer says all that the older did, so one that could not be posted is not
posted later: the newest is, until that succeeds.
"""

import asyncio
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from gatewatch.audit.note import NotANoteError, notes
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import AUDIT_CHECKPOINTS
from gatewatch.catalogue.outcomes import Witness, WitnessOutcome
from gatewatch.settings import AuditSettings

FILE_NAME: Final = "audit-checkpoint"
"""In the data directory: the last checkpoint that was signed here."""

TIMEOUT: Final = 10.0
"""Seconds that a witness has to answer."""

LONGEST_PAUSE: Final = 60.0
"""Seconds between attempts at most."""

_TAIL: Final = 65_536
"""Bytes of the witness file that are read back: its last notes."""

_log: Final[Log] = logger("gatewatch.audit")


class Witnesses:
    """Tells of checkpoints, and remembers what was told."""

    def __init__(self, settings: AuditSettings, data_dir: Path, meter: Meter) -> None:
        self._own = data_dir / FILE_NAME
        self._file = settings.witness_file
        self._url = settings.witness_url
        self._meter = meter
        self._newest: str | None = None
        self._posting: asyncio.Task[None] | None = None

    async def remembered(self) -> list[str]:
        """The notes that are known here, the last one of the file's among them."""
        return await asyncio.to_thread(self._remembered)

    async def tell(self, note: str) -> None:
        """Tell of a checkpoint; a witness that cannot be told is no reason to stop."""
        await asyncio.to_thread(self._write, note)
        if self._url is not None:
            self._newest = note
            if self._posting is None or self._posting.done():
                self._posting = asyncio.create_task(self._post(self._url), name="gatewatch witness")

    async def close(self) -> None:
        """Post what is under way, if it goes through at once."""
        if self._posting is not None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._posting, 1.0)

    def _remembered(self) -> list[str]:
        found = []
        for path in filter(None, (self._own, self._file)):
            with suppress(OSError, NotANoteError):
                found += notes(_tail(path))[-1:]
        return found

    def _write(self, note: str) -> None:
        self._attempt(Witness.DATA_DIR, partial(_replace, self._own), note)
        if self._file is not None:
            self._attempt(Witness.FILE, partial(_add, self._file), note)

    def _attempt(self, witness: Witness, write: "partial[None]", note: str) -> None:
        try:
            write(note)
        except OSError as error:
            self._meter.tally(AUDIT_CHECKPOINTS, witness, WitnessOutcome.FAILED)
            _log.error("audit: a checkpoint could not be written: %s", error)
        else:
            self._meter.tally(AUDIT_CHECKPOINTS, witness, WitnessOutcome.TOLD)

    async def _post(self, url: str) -> None:
        """Post the newest checkpoint until there is none that the witness does not have."""
        import httpx  # noqa: PLC0415 - loaded by those who have such a witness

        pause = 0.0
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            while (note := self._newest) is not None:
                if await self._posted(client, url, note, first=not pause):
                    pause = 0.0
                    if self._newest == note:
                        self._newest = None
                else:
                    pause = min(max(1.0, 2 * pause), LONGEST_PAUSE)
                    await asyncio.sleep(pause)

    async def _posted(self, client: Any, url: str, note: str, *, first: bool) -> bool:
        headers = {"content-type": "text/plain; charset=utf-8"}
        try:
            answer = await client.post(url, content=note.encode(), headers=headers)
            answer.raise_for_status()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt comes
            self._meter.tally(AUDIT_CHECKPOINTS, Witness.URL, WitnessOutcome.FAILED)
            if first:
                _log.warning("audit: the witness could not be told: %r", error)
            return False
        self._meter.tally(AUDIT_CHECKPOINTS, Witness.URL, WitnessOutcome.TOLD)
        return True


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode(errors="replace")


def _replace(path: Path, note: str) -> None:
    """Put a note in place of the last one, so that a reader finds either."""
    beside = path.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_text(note, encoding="utf-8")
    beside.replace(path)


def _add(path: Path, note: str) -> None:
    """Add a note in one step, with an empty line behind it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, f"{note}\n".encode())
    finally:
        os.close(descriptor)
