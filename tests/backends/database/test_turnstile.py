"""The lock between processes: each opening of the files counts as one."""

import threading
import time
from pathlib import Path

from gatewatch.backends.database.turnstile import Turnstile


def test_one_holds_it_at_a_time(tmp_path: Path):
    one, other = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    assert one.try_acquire()
    assert not other.try_acquire()
    one.release()
    assert other.try_acquire()
    other.close()
    assert one.try_acquire()
    one.close()


def test_who_let_go_queues_behind_who_waits(tmp_path: Path):
    hog, patient = Turnstile(tmp_path / "db"), Turnstile(tmp_path / "db")
    hog.acquire()
    waiting = threading.Thread(target=patient.acquire)
    waiting.start()
    while hog.try_acquire():  # the lock is reentrant for its holder, until somebody waits
        time.sleep(0.001)
    hog.release()
    assert not hog.try_acquire()
    waiting.join()
    assert not hog.try_acquire()
    patient.release()
    hog.acquire()
    hog.close()
    patient.close()
