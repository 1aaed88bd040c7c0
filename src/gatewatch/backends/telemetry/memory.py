"""The block of memory in which all processes of one server count.

It has no name and no file that outlives its processes: whoever inherits the descriptor has it.
"""

import mmap
import os
import sys
from typing import Final, TypeAlias

SLOT_BYTES: Final = 8 << 20
"""Room for one process: address space alone, since a page never written takes no memory."""
CELL_BYTES: Final = 8
"""A cell is one IEEE 754 double, aligned, so it is read and written whole."""
Cells: TypeAlias = "memoryview[float]"
"""A block as the cells it is made of."""


def allot(slots: int) -> int:
    """Open a zeroed block with room for so many processes; gives its descriptor."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("gatewatch-metrics")
    else:
        from tempfile import TemporaryFile  # noqa: PLC0415 - seldom needed, and not small

        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, slots * SLOT_BYTES)
    return descriptor


def attach(descriptor: int) -> memoryview:
    """Map a block that was opened by `allot`, here or in a parent process."""
    return memoryview(mmap.mmap(descriptor, os.fstat(descriptor).st_size))


def private(cells: int) -> memoryview:
    """Zeroed room for so many cells that no other process sees."""
    size = cells * CELL_BYTES
    return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
