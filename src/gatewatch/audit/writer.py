"""The batch writer: turns what waits in the spool into rows of the audit log."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from gatewatch.audit import store
from gatewatch.audit.account import Account
from gatewatch.audit.row import AuditRow
from gatewatch.audit.spool import Segment, Spool
from gatewatch.backends.database import Database
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.catalogue.outcomes import DropReason
from gatewatch.kernel.errors import Outage
from gatewatch.kernel.time import stopwatch

BATCH: Final = 100
"""Records in one transaction, and waiting records from which on no tick is waited for."""
TICK: Final = 1.0
"""Seconds that a record waits at most, while the database takes them."""
ADOPTION: Final = 5.0
"""Seconds between two looks for segments that nobody holds."""
LONGEST_PAUSE: Final = 30.0
"""Seconds between attempts at most, while the database takes nothing."""

_decode: Final = msgspec.msgpack.Decoder(AuditRow).decode
_log: Final[Log] = logger("gatewatch.audit")


class Writer:
    """Moves records from the spool to the table, oldest first, each exactly once.

    `witness` is told of events that became rows just now, and of none twice.
    """

    def __init__(
        self,
        database: Database,
        spool: Spool,
        account: Account,
        *,
        buffer_size: int,
        witness: Callable[[list[AuditRow]], None],
    ) -> None:
        self._database = database
        self._spool = spool
        self._account = account
        self._buffer_size = buffer_size
        self._witness = witness
        self._own: Segment | None = None
        self._adopted: list[Segment] = []
        self._full = asyncio.Event()
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._warned = False
        self._pause = 0.0
        self._next_attempt = 0.0
        self._next_adoption = 0.0

    async def open(self) -> None:
        """Take hold of a segment and of those that nobody holds, and start to write."""
        if self._own is None:
            self._hold()
        self._stopping = False
        self._full = asyncio.Event()  # of this event loop, whichever the last opening was in
        self._next_adoption = stopwatch() + ADOPTION
        self._task = asyncio.create_task(self._run(), name="gatewatch audit writer")

    async def close(self) -> None:
        """Write all that waits, if the database takes it, and stop."""
        if self._task is not None:
            self._stopping = True
            self._full.set()
            await self._task
            self._task = None
        await self._attempt()
        for segment in self._segments():
            self._spool.release(segment)
        self._own, self._adopted = None, []

    async def flush(self) -> None:
        """Write all that waits now.

        Raises:
            Exception: the database does not take it; it goes on waiting.
        """
        async with self._turn:
            for segment in self._segments():
                await self._drain(segment)
            self._let_go()

    def append(self, payload: bytes) -> None:
        """Put a record into the spool; one that finds no room is counted as dropped."""
        try:
            segment = self._own or self._hold()
            segment.append(payload)
        except OSError as error:
            self._account.unwritable()
            _log.error("audit: the spool cannot be written, an event is lost: %s", error)
            return
        self._account.spooled()
        if segment.waiting >= BATCH:
            self._full.set()
        if segment.waiting > self._buffer_size and not self._warned:
            self._warned = True
            _log.warning("audit: buffer full, %d events wait in the spool", segment.waiting)

    async def _run(self) -> None:
        while not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), TICK)
            self._full.clear()
            for segment in self._segments():
                await asyncio.to_thread(segment.sync)
            if stopwatch() >= self._next_adoption:
                self._adopt()
            if stopwatch() >= self._next_attempt:
                await self._attempt()

    def _hold(self) -> Segment:
        """Take hold of a segment, and of what earlier processes left.

        An event that comes before the opening or after the closing is kept, too: whoever opens
        next finds it.
        """
        self._own = self._spool.own()
        self._adopted = list(self._spool.orphans())
        self._account.inherited(sum(segment.waiting for segment in self._segments()))
        return self._own

    async def _attempt(self) -> None:
        """Write what waits; if the database will not have it, wait longer before the next time."""
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, the spool keeps the records
            if not self._pause:
                _log.warning("audit: events wait in the spool: %s", str(error) or repr(error))
            self._pause = min(max(TICK, 2 * self._pause), LONGEST_PAUSE)
            self._next_attempt = stopwatch() + self._pause
        else:
            if self._pause:
                _log.info("audit: the events that waited are in the database")
            self._pause = 0.0

    def _adopt(self) -> None:
        self._next_adoption = stopwatch() + ADOPTION
        for segment in self._spool.orphans():
            self._account.adopted(segment.waiting)
            self._adopted.append(segment)

    async def _drain(self, segment: Segment) -> None:
        """Write what waits in a segment as of now; what comes meanwhile is for the next time."""
        left = segment.waiting
        while left > 0 and (batch := segment.peek(min(BATCH, self._buffer_size))) is not None:
            rows = [row for row in map(_read, batch.payloads) if row is not None]
            taken = await self._store(rows)
            gone = segment.advance(batch)
            self._account.stored(len(taken))
            self._lose(gone - len(rows), DropReason.UNREADABLE)
            self._lose(len(rows) - len(taken), DropReason.REJECTED)
            left -= gone
        if segment.waiting <= self._buffer_size // 2:
            self._warned = False

    def _lose(self, records: int, reason: DropReason) -> None:
        if records:
            self._account.lost(records, reason)
            _log.error("audit: %d events of the spool were dropped: %s", records, reason)

    async def _store(self, rows: list[AuditRow]) -> list[AuditRow]:
        """Write rows, and say which of them are in the table now."""
        if not rows:
            return rows
        try:
            await store.add(self._database, rows)
        except Outage:
            raise
        except Exception as error:
            # Whichever row it was, the others shall not suffer for it.
            taken = [row for row in rows if await self._store_alone(row)]
            if not taken:
                raise error from None
            return taken
        self._witness(rows)
        return rows

    async def _store_alone(self, row: AuditRow) -> bool:
        """Write one row; one that an earlier process wrote already is as good."""
        try:
            await store.add(self._database, [row])
        except Outage:
            raise  # it says nothing about the row, which waits for the database to be back
        except Exception:  # noqa: BLE001 - told apart by looking
            return await store.by_id(self._database, row.id) is not None
        self._witness([row])
        return True

    def _let_go(self) -> None:
        for segment in [each for each in self._adopted if not each.waiting]:
            self._adopted.remove(segment)
            self._spool.release(segment)

    def _segments(self) -> list[Segment]:
        return [*([self._own] if self._own else []), *self._adopted]


def _read(payload: bytes) -> AuditRow | None:
    try:
        return _decode(payload)
    except msgspec.DecodeError:
        return None
