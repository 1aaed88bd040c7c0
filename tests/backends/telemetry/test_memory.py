import os
import subprocess
import sys

from gatewatch.backends.telemetry.memory import CELL_BYTES, SLOT_BYTES, allot, attach, private


def test_what_one_mapping_writes_another_reads():
    descriptor = allot(2)
    one, other = attach(descriptor).cast("d"), attach(descriptor).cast("d")
    one[SLOT_BYTES // CELL_BYTES] = 2.5
    assert other[SLOT_BYTES // CELL_BYTES] == 2.5
    os.close(descriptor)


def test_a_child_process_writes_into_its_parents_block():
    descriptor = allot(1)
    program = (
        "import sys; from gatewatch.backends.telemetry.memory import attach; "
        "attach(int(sys.argv[1])).cast('d')[3] = 7.0"
    )
    command = [sys.executable, "-c", program, str(descriptor)]
    subprocess.run(command, pass_fds=[descriptor], check=True)
    assert attach(descriptor).cast("d")[3] == 7.0
    os.close(descriptor)


def test_a_block_takes_no_memory_before_it_is_written():
    descriptor = allot(64)
    assert os.fstat(descriptor).st_size == 64 * SLOT_BYTES
    assert os.fstat(descriptor).st_blocks == 0
    os.close(descriptor)


def test_private_room_is_zeroed():
    assert bytes(10 * CELL_BYTES) == bytes(private(10))
