"""What a format writes: an event with its place in the log, and who tells of it."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from inspect import getdoc
from platform import node
from typing import Final

from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.events import EVENTS


@dataclass(frozen=True, slots=True)
class Seal:
    """An event's place in the sealed log, and the hash of its leaf there."""

    position: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An event, and its seal if it has one yet."""

    row: AuditRow
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Observer:
    """The server that saw it."""

    issuer: str
    host: str
    version: str

    @staticmethod
    def here(issuer: str) -> "Observer":
        """This release, on this machine."""
        return Observer(issuer, node() or "localhost", version(PRODUCT))


PRODUCT: Final = "gatewatch"

_MEANINGS: Final = {
    event.action: " ".join((getdoc(event) or "").partition("\n\n")[0].split()) for event in EVENTS
}


def meaning(row: AuditRow) -> str:
    """What happened, in a sentence; of an event that this release does not know, its name."""
    return _MEANINGS.get(row.action, row.action)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def account_of(row: AuditRow) -> str | None:
    """The account that an event is about, or else whose account did it."""
    if row.resource_type == "USER" and row.resource_id:
        return row.resource_id
    about = row.metadata.get("account_id")
    if isinstance(about, str):
        return about
    return row.actor_id if row.actor_type == "account" else None


def scope_of(row: AuditRow) -> list[str]:
    """The scope that an event speaks of, word for word."""
    scope = row.metadata.get("scope")
    return scope.split() if isinstance(scope, str) else []


def present(**members: object) -> dict[str, object]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
