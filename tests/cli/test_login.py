"""``gatewatch login`` where things are not as they should be."""

import functools
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.kit.people import CHEAP, approve
from tests.kit.ports import free_port
from tests.kit.server import Server, serving

CODE = re.compile(r"^ {4}([A-Z]{4}-[A-Z]{4})$", re.MULTILINE)
WELL_KNOWN = Path(".well-known") / "oauth-authorization-server"


class Terminal:
    """Somebody's terminal, signing in."""

    def __init__(self, home: Path, *words: str, **environment: str) -> None:
        self._log = home / "terminal.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gatewatch", "login", *words],
                env={"HOME": str(home), **environment},
                cwd=home,
                stdout=log,
                stderr=log,
            )

    def shows(self, text: str, *, seconds: float = 30) -> str:
        """What it has printed, when that has come."""
        deadline = monotonic() + seconds
        while text not in (printed := self._log.read_text("latin-1")):
            assert monotonic() < deadline, printed
            sleep(0.05)
        return printed

    def ends(self) -> tuple[int, str]:
        """The status that it ends with, and all that it printed."""
        status = self.process.wait(30)
        return status, self._log.read_text("latin-1")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has pages, and knows nothing of OAuth."""
    pages = tmp_path / "pages"
    (pages / WELL_KNOWN.parent).mkdir(parents=True)
    (pages / WELL_KNOWN).write_text("<p>Hello</p>")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=pages)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("text", ["localhost:8080", "", "http://", "http://[::1", "ftp://x"])
def test_what_is_no_address_is_told_so(text: str, tmp_path: Path) -> None:
    expected = f"error: {text!r} is no address; give one such as http://localhost:8080.\n"
    assert (1, expected) == Terminal(tmp_path, text).ends()


def test_a_server_that_is_no_gatewatch_is_told_so(elsewhere: str, tmp_path: Path) -> None:
    expected = (
        f"error: {elsewhere} has no metadata for signing in a terminal (HTTP 200); "
        "is it a gatewatch server?\n"
    )
    assert (1, expected) == Terminal(tmp_path, elsewhere).ends()


def test_nobody_is_asked_when_the_tokens_could_not_be_kept(tmp_path: Path) -> None:
    nobody_listens = f"http://localhost:{free_port()}"
    expected = f"error: {tmp_path} cannot be written; name a file that can with --save.\n"
    assert (1, expected) == Terminal(tmp_path, nobody_listens, "--save", str(tmp_path)).ends()


def test_a_terminal_waits_while_the_server_is_away(tmp_path: Path) -> None:
    settings = {**CHEAP, "device_interval_secs": "1"}
    with serving(tmp_path / "data", **settings) as server:
        terminal = Terminal(tmp_path, server.base)
        code = CODE.search(terminal.shows("Waiting"))
        assert code
        server.stop()
        terminal.shows("The server does not answer just now. Still waiting.")
    server.log.unlink()
    with serving(tmp_path / "data", port=port_of(server), **settings) as server:
        approve(server, code[1])
        status, printed = terminal.ends()
    assert status == 0, printed
    assert printed.count("Still waiting") == 1


def test_a_terminal_without_the_signs_gets_no_qr_code(tmp_path: Path) -> None:
    with serving(tmp_path / "data", **CHEAP) as server:
        terminal = Terminal(tmp_path, server.base, PYTHONIOENCODING="latin-1")
        printed = terminal.shows("Waiting")
        terminal.process.kill()
        terminal.process.wait()
    assert printed.startswith("To sign in, open this link in a browser:")


def port_of(server: Server) -> int:
    """The port that it listened on."""
    return int(server.environment["GATEWATCH_PORT"])
