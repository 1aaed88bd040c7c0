import asyncio

from gatewatch.backends.telemetry.batch import FLUSH_SECONDS, Batch
from gatewatch.backends.telemetry.lines import MOST_HELD, Lines


async def test_lines_of_a_few_milliseconds_are_written_together(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        batch = Batch(Lines(file.fileno()))
        batch.write(b"one\n")
        batch.write(b"two\n")
        assert log.read_bytes() == b""
        await asyncio.sleep(FLUSH_SECONDS * 4)
        assert log.read_bytes() == b"one\ntwo\n"
        batch.write(b"three\n")
        await asyncio.sleep(FLUSH_SECONDS * 4)
        assert log.read_bytes() == b"one\ntwo\nthree\n"


async def test_a_crowd_does_not_wait(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        batch = Batch(Lines(file.fileno()))
        for _ in range(MOST_HELD + 1):
            batch.write(b"line\n")
        assert log.read_bytes().count(b"\n") == MOST_HELD
        batch.flush()
        assert log.read_bytes().count(b"\n") == MOST_HELD + 1


def test_outside_of_a_loop_a_line_is_written_at_once(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        Batch(Lines(file.fileno())).write(b"line\n")
        assert log.read_bytes() == b"line\n"


def test_a_loop_that_ended_does_not_hold_up_the_next(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        batch = Batch(Lines(file.fileno()))

        async def write(line, wait):
            batch.write(line)
            await asyncio.sleep(wait)

        asyncio.run(write(b"one\n", 0))
        asyncio.run(write(b"two\n", FLUSH_SECONDS * 4))
        assert log.read_bytes() == b"one\ntwo\n"
