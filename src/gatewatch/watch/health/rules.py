"""What the state of the dependencies says of the whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gatewatch.kernel.time import rfc3339

DATABASE_FAILED: Final = "database connection failed"
"""The text of AuthGate's guide, letter by letter."""

SESSION_CACHE_FAILED: Final = "session cache connection failed"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found when each dependency was asked for a sign of life."""

    database: bool
    session_cache: bool
    at: datetime

    @property
    def healthy(self) -> bool:
        """Whether everything needed answered."""
        return self.database and self.session_cache


def report(findings: Findings) -> dict[str, str]:
    """The body of ``GET /health``, as AuthGate's guide prints it, and the session cache."""
    body = {
        "status": "healthy" if findings.healthy else "unhealthy",
        "database": _connection(up=findings.database),
        "session_cache": _connection(up=findings.session_cache),
    }
    if not findings.healthy:
        body["error"] = SESSION_CACHE_FAILED if findings.database else DATABASE_FAILED
    body["timestamp"] = rfc3339(findings.at)
    return body


def _connection(*, up: bool) -> str:
    return "connected" if up else "disconnected"
