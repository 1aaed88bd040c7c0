"""Who did something, and from where."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of thing acted."""

    ACCOUNT = "account"
    CLIENT = "client"
    OPERATOR = "operator"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, with the name as it was then."""

    kind: ActorKind
    id: str | None = None
    name: str | None = None

    @staticmethod
    def account(account_id: str, name: str) -> "Actor":
        """A person, signed in."""
        return Actor(ActorKind.ACCOUNT, account_id, name)

    @staticmethod
    def client(client_id: str, name: str) -> "Actor":
        """A program, authenticated as itself."""
        return Actor(ActorKind.CLIENT, client_id, name)

    @staticmethod
    def operator(name: str) -> "Actor":
        """Someone with a shell on the machine; `name` is the tool or the login they used."""
        return Actor(ActorKind.OPERATOR, None, name)


SYSTEM = Actor(ActorKind.SYSTEM, None, "gatewatch")
ANONYMOUS = Actor(ActorKind.ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. An operator's command and a job have none of it."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None
    session_id: str | None = None
    trace_id: str | None = None


NOWHERE = Origin()
