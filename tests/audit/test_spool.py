"""The spool's segments, on a real disk."""

import os
import subprocess
import sys

import pytest

from gatewatch.audit import spool as spool_module
from gatewatch.audit.frames import framed
from gatewatch.audit.spool import Segment, Spool
from gatewatch.kernel.secrets import SystemEntropy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "0.seg"


def claimed(path) -> Segment:
    segment = Segment.claim(path)
    assert segment is not None
    return segment


def drained(segment: Segment, most: int = 100) -> list[bytes]:
    seen = []
    while batch := segment.peek(most):
        seen += batch.payloads
        segment.advance(batch)
    return seen


def abandoned(path, payloads) -> bytes:
    """A segment as a killed process leaves it; its bytes."""
    segment = claimed(path)
    for payload in payloads:
        segment.append(payload)
    os.close(segment._descriptor)
    return path.read_bytes()


def test_records_come_back_in_order_and_the_file_shrinks_to_nothing(path):
    segment = claimed(path)
    records = [str(n).encode() for n in range(250)]
    for record in records:
        segment.append(record)

    assert segment.waiting == 250
    assert records == drained(segment)
    assert segment.waiting == 0
    assert path.stat().st_size == 16


def test_a_segment_has_one_holder_at_a_time(path):
    segment = claimed(path)

    assert Segment.claim(path) is None

    segment.release()
    assert not path.exists()
    claimed(path).release()


def test_its_successor_finds_what_a_killed_process_left(path):
    abandoned(path, [b"one", b"two"])

    successor = claimed(path)

    assert successor.waiting == 2
    assert drained(successor) == [b"one", b"two"]


def test_its_successor_goes_on_where_the_killed_process_was(path):
    segment = claimed(path)
    for record in (b"one", b"two", b"three"):
        segment.append(record)
    batch = segment.peek(2)
    assert batch is not None
    segment.advance(batch)
    os.close(segment._descriptor)

    successor = claimed(path)

    assert successor.waiting == 1
    assert drained(successor) == [b"three"]


def test_a_torn_last_record_is_cut_off_and_what_comes_after_it_is_whole(path):
    data = abandoned(path, [b"one", b"two"])
    for cut in range(1, len(framed(b"two"))):
        path.write_bytes(data[:-cut])
        successor = claimed(path)
        successor.append(b"three")
        assert drained(successor) == [b"one", b"three"]
        successor.release()


def test_a_damaged_record_is_one_that_waits_and_costs_no_neighbour(path):
    data = abandoned(path, [b"one", b"two", b"three"])
    path.write_bytes(data.replace(b"two", b"tvo"))

    successor = claimed(path)

    assert successor.waiting == 3
    batch = successor.peek(100)
    assert batch is not None
    assert batch.payloads == [b"one", b"three"]
    assert successor.advance(batch) == 3
    assert successor.waiting == 0


def test_a_damaged_last_record_is_let_go_too(path):
    data = abandoned(path, [b"one", b"two"])
    path.write_bytes(data.replace(b"two", b"tvo"))

    successor = claimed(path)

    assert successor.waiting == 2
    assert drained(successor) == [b"one"]
    assert successor.waiting == 0


@pytest.mark.parametrize("header", [b"", b"GWSP", b"garbage" * 3, b"GWSPOOL1" + b"\xff" * 8])
def test_a_damaged_header_hides_no_record(path, header):
    data = abandoned(path, [b"one", b"two"])
    path.write_bytes(header[:16].ljust(16, b"\0") + data[16:])

    assert drained(claimed(path)) == [b"one", b"two"]


def test_a_record_larger_than_a_stretch_is_read(path):
    segment = claimed(path)
    large = SystemEntropy().bytes(3 * spool_module._STRETCH)
    for record in (b"before", large, b"after"):
        segment.append(record)
    os.close(segment._descriptor)

    successor = claimed(path)
    assert successor.waiting == 3
    assert [b"before", large, b"after"] == drained(successor)


def test_under_a_load_that_never_ends_the_file_stays_small(path):
    segment = claimed(path)
    record, sizes, expected = b"r" * 1000, [], 0
    for _ in range(100):
        for _ in range(100):
            segment.append(b"%04d" % expected + record)
            expected += 1
        batch = segment.peek(99)
        assert batch is not None
        segment.advance(batch)
        sizes.append(path.stat().st_size)

    assert max(sizes) < 3 * spool_module._WORTH_MOVING
    assert segment.waiting == 100
    assert [b"%04d" % n for n in range(9900, 10000)] == [each[:4] for each in drained(segment)]


def test_killed_at_any_step_of_shrinking_nothing_is_lost(path, tmp_path):
    segment = claimed(path)
    for n in range(9):
        segment.append(b"stored %d" % n)
    segment.append(b"waits")
    batch = segment.peek(9)
    assert batch is not None
    segment.advance(batch)
    before = path.read_bytes()
    tail = framed(b"waits")
    moved = before[:16] + tail + before[16 + len(tail) :]

    for number, state in enumerate([before, moved, moved[: 16 + len(tail)]]):
        left = tmp_path / f"left-{number}.seg"
        left.write_bytes(state)
        assert drained(claimed(left)) == [b"waits"]


def test_a_full_disk_is_an_error_and_leaves_what_was_there_whole(path):
    program = f"""
import resource, signal
from pathlib import Path
from gatewatch.audit.spool import Segment
segment = Segment.claim(Path({str(path)!r}))
segment.append(b"one")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        segment.append(b"x" * 200)
    except OSError:
        continue
    raise SystemExit("it was not refused")
segment.append(b"two")
"""
    subprocess.run([sys.executable, "-c", program], check=True)

    assert drained(claimed(path)) == [b"one", b"two"]


def test_orphans_are_what_nobody_holds_and_no_sibling_will_ask_for(tmp_path):
    for name in ("1", "2", "9"):
        abandoned(tmp_path / f"{name}.seg", [name.encode()])
    other = claimed(tmp_path / "8.seg")
    spool = Spool(tmp_path, "1", frozenset({"2"}))
    own = spool.own()

    orphans = list(spool.orphans())

    assert drained(own) == [b"1"]
    assert [drained(orphan) for orphan in orphans] == [[b"9"]]
    assert list(spool.orphans()) == []
    for segment in (own, *orphans):
        spool.release(segment)
    other.release()
    assert [path.name for path in tmp_path.iterdir()] == ["2.seg"]


def test_two_processes_of_one_name_have_a_segment_each(tmp_path):
    one, two = Spool(tmp_path, "0"), Spool(tmp_path, "0")

    assert [one.own().path.name, two.own().path.name] == ["0.seg", "0~2.seg"]


def test_what_is_in_it_is_for_the_owner_alone(tmp_path):
    segment = Spool(tmp_path / "spool", "0").own()

    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert segment.path.stat().st_mode & 0o777 == 0o600
