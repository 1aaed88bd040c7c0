"""Start real servers that outlive no test run."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 20


def other_user(*names: str) -> pwd.struct_passwd | None:
    """Return who to be instead of root, for servers that refuse root; None if we are not root."""
    if os.geteuid() != 0:
        return None
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError(f"none of the users {', '.join(names)} exists")


def identity(user: pwd.struct_passwd | None) -> dict:
    """Return subprocess's arguments for running as a user."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    user: pwd.struct_passwd | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    farewell: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a server that gets the farewell signal should this process die without goodbye.

    It has a session of its own, so that a Ctrl-C reaches the test run alone, which then stops
    its servers in order.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_dies_with_parent(farewell),  # noqa: PLW1509 - one prctl, no lock is taken
            **identity(user),
        )


def stop(process: subprocess.Popen[bytes], farewell: signal.Signals = signal.SIGTERM) -> None:
    """Ask a server to stop, and insist if it does not."""
    if process.poll() is None:
        process.send_signal(farewell)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """Return the end of a log, for the message when a server would not start."""
    if not log.is_file():
        return "(it wrote no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _dies_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, int(farewell))
