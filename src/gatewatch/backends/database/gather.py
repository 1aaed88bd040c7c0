"""Gathering: what is asked for while the event loop is busy travels in one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from gatewatch.backends.database.futures import fail

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST_AT_ONCE: Final = 512
"""Questions in one round trip."""


class Gatherer(Generic[Asked, Answer]):
    """Answers many questions at a time, each to the one who asked.

    Args:
        answer: answers a batch, in its order
        flights: batches under way at once; while all are, questions gather
        at_fault: whether an error was caused by a question rather than by the database; a batch
            that fails so is halved until only the one who asked it hears of it
        apart: questions for which it returns the same never share a batch
    """

    def __init__(
        self,
        answer: Callable[[list[Asked]], Awaitable[Sequence[Answer]]],
        *,
        flights: int,
        at_fault: Callable[[Exception], bool],
        apart: Callable[[Asked], Hashable] | None = None,
    ) -> None:
        self._answer = answer
        self._free = flights
        self._at_fault = at_fault
        self._apart = apart
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Asked, asyncio.Future[Answer], Hashable]] = []
        self._called = False
        self._flying: set[asyncio.Task[None]] = set()

    def ask(self, question: Asked) -> asyncio.Future[Answer]:
        """Ask with the next batch."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        mark = None if self._apart is None else self._apart(question)
        self._waiting.append((question, future, mark))
        if not self._called and self._free:
            self._called = True
            self._loop.call_soon(self._depart)
        return future

    def _depart(self) -> None:
        self._called = False
        batch = self._board()
        if batch:
            self._free -= 1
            flight = self._loop.create_task(self._fly(batch))
            self._flying.add(flight)
            flight.add_done_callback(self._land)

    def _land(self, flight: asyncio.Task[None]) -> None:
        self._flying.discard(flight)
        self._free += 1
        if self._waiting and not self._called:
            self._depart()

    def _board(self) -> list[tuple[Asked, asyncio.Future[Answer]]]:
        """Take who still waits, as many as fit, and no two that must be kept apart."""
        batch: list[tuple[Asked, asyncio.Future[Answer]]] = []
        left: list[tuple[Asked, asyncio.Future[Answer], Hashable]] = []
        seen: set[Hashable] = set()
        for question, future, mark in self._waiting:
            if future.done():
                continue
            if len(batch) >= MOST_AT_ONCE or mark in seen:
                left.append((question, future, mark))
                continue
            if mark is not None:
                seen.add(mark)
            batch.append((question, future))
        self._waiting = left
        return batch

    async def _fly(self, batch: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        """Answer a batch; halve one that fails through somebody's fault, until it is found."""
        try:
            answers = await self._answer([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the askers' to hear
            if len(batch) > 1 and self._at_fault(error):
                middle = len(batch) // 2
                await self._fly(batch[:middle])
                await self._fly(batch[middle:])
                return
            for _, future in batch:
                fail(future, error)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
