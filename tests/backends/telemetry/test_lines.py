import os
import threading

from gatewatch.backends.telemetry.lines import MOST_HELD, Lines


def test_lines_keep_their_order(tmp_path):
    with (tmp_path / "log").open("wb") as file:
        lines = Lines(file.fileno())
        assert not lines.hold(b"one\n")
        lines.write(b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_so_many_may_be_held_and_no_more(tmp_path):
    with (tmp_path / "log").open("wb") as file:
        lines = Lines(file.fileno())
        assert [n for n in range(MOST_HELD) if lines.hold(b"line\n")] == [MOST_HELD - 1]


def test_a_pipe_gets_no_more_at_once_than_it_keeps_whole():
    """A packet-mode pipe (O_DIRECT, pipe(2)) shows the writes one by one."""
    read, write = os.pipe2(os.O_DIRECT)
    lines = Lines(write)
    for _ in range(10):
        lines.hold(b"x" * 999 + b"\n")
    lines.close()
    os.close(write)
    packets = list(iter(lambda: os.read(read, 1 << 16), b""))
    os.close(read)
    assert [len(packet) for packet in packets] == [4000, 4000, 2000]
    assert all(packet.endswith(b"\n") for packet in packets)


def test_a_slow_reader_of_a_pipe_that_does_not_block_gets_everything():
    read, write = os.pipe()
    os.set_blocking(write, False)
    received = bytearray()

    def drain():
        while chunk := os.read(read, 1 << 16):
            received.extend(chunk)

    reader = threading.Thread(target=drain)
    lines = Lines(write)
    for _ in range(400):
        lines.hold(b"y" * 999 + b"\n")
    reader.start()
    lines.close()
    os.close(write)
    reader.join()
    os.close(read)
    assert len(received) == 400_000


def test_a_reader_that_went_away_does_no_harm():
    read, write = os.pipe()
    os.close(read)
    lines = Lines(write)
    lines.write(b"into the void\n")
    os.close(write)


def test_lines_never_get_into_whatever_file_takes_the_number_of_a_closed_stream(tmp_path):
    stream = (tmp_path / "log").open("wb")
    lines = Lines(stream.fileno())
    number = stream.fileno()
    stream.close()
    with (tmp_path / "other").open("wb") as other:
        assert other.fileno() == number
        lines.write(b"a line\n")
    lines.close()
    lines.write(b"too late\n")

    assert (tmp_path / "log").read_bytes() == b"a line\n"
    assert (tmp_path / "other").read_bytes() == b""
