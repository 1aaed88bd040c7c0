"""What can go wrong, and whose fault it is.

::

    Exception
    +-- GatewatchError
        +-- Refusal               we understood, and said no: the caller's to mend
        |   +-- Unavailable       not now; try again after `retry_after` seconds
        +-- Outage                the database or Redis does not answer: the operator's to mend
        +-- ConfigurationError    the operator's to mend; exit status 78
        +-- WorkSuspended         a unit of work awaited something else: a bug
        +-- ClientDisconnected    the caller hung up (http/request.py)
"""

from typing import Final

EX_CONFIG: Final = 78
"""Exit status for a configuration error (sysexits.h)."""


class GatewatchError(Exception):
    """The root of everything gatewatch raises on purpose."""


class Refusal(GatewatchError):
    """A request understood and declined.

    Raised after the unit of work, so that what must survive (the failed attempt, its event) is
    committed. `code` comes from a table of its protocol, `public` is shown to the caller,
    `private` goes to the log alone.
    """

    def __init__(self, code: str, public: str, private: str = "") -> None:
        super().__init__(f"{code}: {private or public}")
        self.code = code
        self.public = public
        self.private = private


class Unavailable(Refusal):
    """Too busy, or told to wait: answered with Retry-After (RFC 9110 section 10.2.3)."""

    def __init__(self, code: str, public: str, *, retry_after: int, private: str = "") -> None:
        super().__init__(code, public, private)
        self.retry_after = retry_after


class Outage(GatewatchError):
    """What we stand on does not answer, or takes nothing.

    What was asked of it may have been done or not. `dependency` says which it is, `trouble` what
    its driver says, for the log alone.
    """

    def __init__(self, dependency: str, trouble: str) -> None:
        super().__init__(dependency, trouble)
        self.dependency = dependency
        self.trouble = trouble

    def __str__(self) -> str:
        return f"{self.dependency}: {self.trouble}"


class ConfigurationError(GatewatchError):
    """Settings that cannot work. Carries every problem found, not just the first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class WorkSuspended(GatewatchError):
    """A unit of work awaited something other than its own statements."""
