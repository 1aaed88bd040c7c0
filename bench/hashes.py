"""How many Argon2id verifications this machine does in a second: what bounds sign-ins.

python -m bench.hashes SECONDS THREADS MEMORY_KIB ITERATIONS PARALLELISM
prints how many there were, the seconds they took and their CPU seconds.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

PASSWORD = "correct horse battery staple"


def verified(hasher: PasswordHasher, encoded: str, until: float) -> int:
    """Verify until it is late; how often."""
    count = 0
    while time.perf_counter() < until:
        hasher.verify(encoded, PASSWORD)
        count += 1
    return count


def main(seconds: float, threads: int, memory: int, iterations: int, parallelism: int) -> None:
    hasher = PasswordHasher(iterations, memory, parallelism)
    encoded = hasher.hash(PASSWORD)
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        until = began + seconds
        counts = [pool.submit(verified, hasher, encoded, until) for _ in range(threads)]
        count = sum(counted.result() for counted in counts)
    print(count, time.perf_counter() - began, time.process_time() - cpu)


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:6]))
