"""Lines of one event loop, handed over a few milliseconds' worth at a time."""

import asyncio
from typing import Final

from gatewatch.backends.telemetry.lines import Lines

FLUSH_SECONDS: Final = 0.005
"""How long a line may wait for company."""


class Batch:
    """Writes lines soon."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: bytes) -> None:
        """Write a line within `FLUSH_SECONDS`; at once outside of an event loop."""
        if self._lines.hold(line) or not self._scheduled():
            self._lines.flush()

    def flush(self) -> None:
        """Write what is held."""
        self._loop = None
        self._lines.flush()

    def _scheduled(self) -> bool:
        if self._loop is not None and self._loop.is_running():
            return True
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        self._loop.call_later(FLUSH_SECONDS, self.flush)
        return True
