"""Gathering questions, and giving each its own answer."""

import asyncio

import pytest

from gatewatch.backends.database.gather import Gatherer


class Echo:
    """Answers a question with itself; cannot bear a bad one."""

    def __init__(self, flights: int = 1, *, apart: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.gatherer = Gatherer(
            self.answer,
            flights=flights,
            at_fault=lambda error: isinstance(error, ValueError),
            apart=(lambda question: question[0]) if apart else None,
        )

    async def answer(self, questions: list[str]) -> list[str]:
        self.batches.append(questions)
        await self.gate.wait()
        if "bad" in questions:
            raise ValueError("bad")
        if "gone" in questions:
            raise OSError("gone")
        return questions

    async def ask(self, *questions: str) -> list[object]:
        asked = [self.gatherer.ask(question) for question in questions]
        return list(await asyncio.gather(*asked, return_exceptions=True))


async def test_what_is_asked_in_one_turn_travels_together():
    echo = Echo()
    assert list("abc") == await echo.ask("a", "b", "c")
    assert echo.batches == [["a", "b", "c"]]


async def test_what_is_asked_during_a_flight_travels_on_the_next():
    echo = Echo()
    echo.gate.clear()
    first = asyncio.ensure_future(echo.ask("a"))
    await asyncio.sleep(0.001)
    others = [asyncio.ensure_future(echo.ask(name)) for name in "bcd"]
    await asyncio.sleep(0.001)
    echo.gate.set()
    await asyncio.gather(first, *others)
    assert echo.batches == [["a"], ["b", "c", "d"]]


async def test_a_second_flight_need_not_wait_for_the_first():
    echo = Echo(flights=2)
    echo.gate.clear()
    asked = []
    for name in "abc":
        asked.append(asyncio.ensure_future(echo.ask(name)))
        await asyncio.sleep(0.001)
    assert echo.batches == [["a"], ["b"]]
    echo.gate.set()
    await asyncio.gather(*asked)
    assert echo.batches == [["a"], ["b"], ["c"]]


async def test_only_who_asked_the_bad_question_hears_of_it():
    echo = Echo()
    answers = await echo.ask("a", "b", "bad", "c", "bad", "d", "e")
    assert [None if isinstance(answer, ValueError) else answer for answer in answers] == [
        "a",
        "b",
        None,
        "c",
        None,
        "d",
        "e",
    ]


async def test_when_nobody_is_at_fault_all_hear_of_it_at_once():
    echo = Echo()
    answers = await echo.ask("a", "gone", "b")
    assert [OSError] * 3 == [type(answer) for answer in answers]
    assert len({id(answer) for answer in answers}) == 3
    assert len(echo.batches) == 1


async def test_questions_that_must_be_kept_apart_are():
    echo = Echo(apart=True)
    assert await echo.ask("x1", "x2", "y1", "x3") == ["x1", "x2", "y1", "x3"]
    assert echo.batches == [["x1", "y1"], ["x2"], ["x3"]]


async def test_who_no_longer_waits_is_not_asked_for():
    echo = Echo()
    left = echo.gatherer.ask("left")
    stays = echo.gatherer.ask("stays")
    left.cancel()
    assert await stays == "stays"
    assert echo.batches == [["stays"]]


async def test_who_leaves_during_the_flight_takes_nobody_along():
    echo = Echo()
    echo.gate.clear()
    left, stays = echo.gatherer.ask("left"), echo.gatherer.ask("stays")
    await asyncio.sleep(0.001)
    left.cancel()
    echo.gate.set()
    assert await stays == "stays"
    with pytest.raises(asyncio.CancelledError):
        await left


async def test_a_crowd_travels_in_several_batches():
    echo = Echo()
    await echo.ask(*[str(number) for number in range(600)])
    assert [len(batch) for batch in echo.batches] == [512, 88]
