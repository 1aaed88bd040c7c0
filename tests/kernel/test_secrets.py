import os
from concurrent.futures import ThreadPoolExecutor

from gatewatch.kernel.secrets import POOL_BYTES, SystemEntropy


def test_as_many_bytes_are_drawn_as_were_asked_for():
    entropy = SystemEntropy()

    drawn = [len(entropy.bytes(count)) for count in (0, 1, 32, POOL_BYTES, 3 * POOL_BYTES, 10)]

    assert drawn == [0, 1, 32, POOL_BYTES, 3 * POOL_BYTES, 10]


def test_no_byte_is_handed_out_twice_however_many_threads_draw():
    entropy = SystemEntropy()

    def draw(_):
        return [entropy.bytes(16) for _ in range(2000)]

    with ThreadPoolExecutor(4) as threads:
        drawn = [each for some in threads.map(draw, range(4)) for each in some]

    assert len(set(drawn)) == 8000


def test_a_forked_process_draws_bytes_of_its_own():
    entropy = SystemEntropy()
    entropy.bytes(16)
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        os.write(writing, entropy.bytes(16))
        os._exit(0)
    os.waitpid(child, 0)

    assert entropy.bytes(16) != os.read(reading, 16)
    os.close(reading)
    os.close(writing)
