"""Group commit: units of work that arrive together share one COMMIT, and so one fsync.

::

    IDLE --first unit--> OPEN --end of this turn of the loop--> COMMITTING --durable--> IDLE
      |                  ^
       '--lock is taken--> OPENING

Statements run in the event loop, where they cost less than a thread's hop. COMMIT, and waiting
for another process, happen in one helper thread; who arrives meanwhile forms the next group.
A unit is undone alone by its SAVEPOINT. SAVEPOINTs are a stack, so the body of a unit never
suspends: one that does is undone, and told.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from queue import SimpleQueue
from typing import Final

from gatewatch.backends.database.change import Change
from gatewatch.backends.database.errors import of_sqlite
from gatewatch.backends.database.futures import Callback, call_back, fail
from gatewatch.backends.database.statement import Form, Guard, Params
from gatewatch.backends.database.turnstile import Turnstile
from gatewatch.kernel.errors import WorkSuspended

MOST_AT_ONCE: Final = 128
"""Units let in at one turn of the loop; a few milliseconds' worth."""

PATIENCE: Final = 5_000
"""Milliseconds to wait for a writer that knows nothing of the lock, such as an operator's shell."""


class State(Enum):
    """Where the group is."""

    IDLE = auto()
    OPENING = auto()
    OPEN = auto()
    COMMITTING = auto()
    CLOSED = auto()


@dataclass(slots=True, eq=False)
class Unit:
    """What is kept or undone as one, and who waits to hear of it."""

    answer: asyncio.Future[bool]
    callbacks: list[Callback] = field(default_factory=list)
    owner: asyncio.Task[object] | None = None
    change: Change | None = None
    outcome: bool = True
    fate: Exception | None = None


class Groups:
    """Carries units of work to the disk, a group at a time."""

    def __init__(self, connection: sqlite3.Connection, turnstile: Turnstile) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._turnstile = turnstile
        self._loop = asyncio.get_running_loop()
        self._helper = Helper()
        self._state = State.IDLE
        self._waiting: deque[Unit | asyncio.Future[None]] = deque()
        self._declared: list[Unit] = []
        self._members: list[Unit] = []
        self._inside: Unit | None = None
        self._emptied: asyncio.Future[None] | None = None

    async def commit(self, change: Change) -> bool:
        """Make a change with the next group; False if its guard was lost."""
        unit = Unit(self._loop.create_future(), change.callbacks, change=change)
        self._expect_nobody()
        (self._declared if self._admits() else self._waiting).append(unit)
        return await unit.answer

    async def enter(self) -> Unit:
        """Begin a unit whose statements the caller runs, without suspending, until `leave`."""
        while not self._admits():
            admission: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(admission)
            await admission
        self._expect_nobody()
        self._execute("SAVEPOINT unit")
        unit = Unit(self._loop.create_future(), owner=asyncio.current_task())
        self._inside = unit
        return unit

    def run(self, unit: Unit, sql: str, arguments: Sequence[object]) -> sqlite3.Cursor:
        """Run a statement of a unit; one that fails ends the unit, as it does on Postgres.

        Raises:
            WorkSuspended: the unit awaited something, and was undone.
            Taken: the statement would write a unique value a second time.
        """
        self._require(unit)
        try:
            return self._execute(sql, arguments)
        except sqlite3.Error as error:
            self.abandon(unit, error)
            unit.fate = RuntimeError("a statement of this unit of work has failed")
            told = of_sqlite(error)
            raise told from told.__cause__

    async def leave(self, unit: Unit) -> None:
        """End a unit, and wait until it is durable."""
        self._require(unit)
        self._inside = None
        self._execute("RELEASE unit")
        self._members.append(unit)
        await unit.answer

    def abandon(self, unit: Unit, error: BaseException) -> None:
        """End a unit whose body failed: it is undone, at once and alone."""
        if self._inside is unit:
            self._inside = None
            self._undo(error)

    async def drained(self) -> None:
        """Wait until nothing is in flight, and stop the helper."""
        if self._state is not State.IDLE:
            self._emptied = self._loop.create_future()
            await self._emptied
        self._state = State.CLOSED
        self._helper.stop()

    def _admits(self) -> bool:
        """Say whether there is an open group to join; opens one if nothing is in the way."""
        if self._state is State.OPEN:
            return True
        if self._state is State.CLOSED:
            raise RuntimeError("the database is closed")
        if self._state is not State.IDLE or self._waiting or not self._begin():
            return False
        self._loop.call_soon(self._flush)
        return True

    def _begin(self) -> bool:
        """Open a group now, or have the helper open it when others are done."""
        if self._turnstile.try_acquire():
            try:
                self._execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                self._turnstile.release()
            else:
                self._state = State.OPEN
                return True
        self._state = State.OPENING
        self._helper.do(self._begin_slowly)
        return False

    def _begin_slowly(self) -> None:
        """In the helper: wait for the lock, and for strangers who ignore it."""
        error: Exception | None = None
        try:
            self._turnstile.acquire()
            self._execute(f"PRAGMA busy_timeout = {PATIENCE}")
            self._execute("BEGIN IMMEDIATE")
        except (sqlite3.Error, OSError) as trouble:
            error = trouble
            self._turnstile.release()
        finally:
            self._execute("PRAGMA busy_timeout = 0")
        self._loop.call_soon_threadsafe(self._begun, error)

    def _begun(self, error: Exception | None) -> None:
        if error is None:
            self._state = State.OPEN
            self._admit()
            return
        self._state = State.IDLE
        while self._waiting:
            waiting = self._waiting.popleft()
            fail(waiting.answer if isinstance(waiting, Unit) else waiting, of_sqlite(error))
        self._proceed()

    def _admit(self) -> None:
        """Let in who waits: works are woken to run before the flush."""
        for _ in range(min(len(self._waiting), MOST_AT_ONCE)):
            waiting = self._waiting.popleft()
            if isinstance(waiting, asyncio.Future):
                if not waiting.done():
                    waiting.set_result(None)
            else:
                self._declared.append(waiting)
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Close the group, and send it to the disk."""
        self._evict()
        self._make_all()
        members, self._members = self._members, []
        self._state = State.COMMITTING
        self._helper.do(partial(self._commit, members))

    def _commit(self, members: list[Unit]) -> None:
        """In the helper: the one step that waits for the disk."""
        error: sqlite3.Error | None = None
        try:
            self._execute("COMMIT")
        except sqlite3.Error as trouble:
            error = trouble
            if self._connection.in_transaction:
                self._execute("ROLLBACK")
        self._turnstile.release()
        self._loop.call_soon_threadsafe(self._settle, members, error)

    def _settle(self, members: list[Unit], error: sqlite3.Error | None) -> None:
        """Tell everyone in the group how it ended."""
        self._state = State.IDLE
        for unit in members:
            if error is None:
                self._keep(unit)
            else:
                fail(unit.answer, of_sqlite(error))
        self._proceed()

    def _keep(self, unit: Unit) -> None:
        if unit.outcome:
            call_back(unit.callbacks)
        if not unit.answer.done():
            unit.answer.set_result(unit.outcome)

    def _proceed(self) -> None:
        if self._waiting:
            if self._begin():
                self._admit()
        elif self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def _require(self, unit: Unit) -> None:
        if self._inside is not unit:
            raise unit.fate or RuntimeError("this unit of work has ended")

    def _make_all(self) -> None:
        """Make the changes of the group: together, or else one by one, so that one fails alone."""
        units = [unit for unit in self._declared if not unit.answer.done()]
        self._declared = []
        if len(units) > 1 and self._attempt(units):
            return
        for unit in units:
            try:
                self._carry_out([unit])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's to hear
                fail(unit.answer, of_sqlite(error))

    def _attempt(self, units: list[Unit]) -> bool:
        try:
            self._carry_out(units)
        except Exception:  # noqa: BLE001 - it comes again, for the one whose fault it is
            return False
        return True

    def _carry_out(self, units: list[Unit]) -> None:
        self._execute("SAVEPOINT unit")
        try:
            self._write(units)
        except Exception as error:
            self._undo(error)
            raise
        self._execute("RELEASE unit")
        self._members += units

    def _write(self, units: list[Unit]) -> None:
        """Spend the guards, and insert the rows of those who won: all of a table at a time."""
        rows: dict[Form, list[Sequence[object]]] = {}
        for unit in units:
            change = unit.change or Change()
            unit.outcome = change.guard is None or self._spend(change.guard, change.params)
            if unit.outcome:
                for form, values in change.rows:
                    rows.setdefault(form, []).append(form.sqlite.bind(values))
        for form, bound in rows.items():
            self._connection.executemany(form.sqlite.sql, bound)

    def _spend(self, guard: Guard, params: Params) -> bool:
        update = guard.sqlite
        return self._execute(update.sql, update.bind(params)).rowcount == 1

    def _expect_nobody(self) -> None:
        if self._inside is not None and self._inside.owner is asyncio.current_task():
            raise RuntimeError("a unit of work inside a unit of work")
        self._evict()

    def _evict(self) -> None:
        """Undo a unit that is still inside though its body does not run: it has suspended."""
        unit = self._inside
        if unit is not None:
            unit.fate = WorkSuspended("a unit of work awaited something that is not its own")
            self.abandon(unit, unit.fate)

    def _undo(self, error: BaseException) -> None:
        if self._connection.in_transaction:
            self._execute("ROLLBACK TO unit")
            self._execute("RELEASE unit")
        else:
            self._restart(error)

    def _restart(self, error: BaseException) -> None:
        """Begin anew after SQLite gave up the whole transaction: a full disk, say."""
        members, self._members = self._members, []
        for unit in members:
            fail(unit.answer, of_sqlite(error))
        self._execute("BEGIN IMMEDIATE")


class Helper:
    """One thread that does one thing after another."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="gatewatch-commit", daemon=True).start()

    def do(self, job: Callable[[], None]) -> None:
        """Do this next."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End once everything is done."""
        self._jobs.put(None)

    def _run(self) -> None:
        for job in iter(self._jobs.get, None):
            job()
