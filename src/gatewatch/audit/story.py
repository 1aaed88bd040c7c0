"""The story of a request in plain words: what happened, in order, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gatewatch.audit.formats.record import meaning
from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Status

SENTENCES = {
    "auth.login": "{actor} signed in as {resource} with {method}.",
    "auth.login.failed": "Somebody tried to sign in as {resource}, and was turned away{reason}.",
    "auth.login.throttled": "There had been too many attempts for {subject}: it was slowed down.",
    "auth.logout": "{actor} signed out.",
    "auth.access.denied": "{actor} was not let in{reason}.",
    "oauth.device.code_generated": "A device of the client {client} asked for a code.",
    "oauth.device.code_authorized": "{actor} let the device of the client {client} in.",
    "oauth.device.code_denied": "{actor} turned the device of the client {client} away.",
    "oauth.device.code_replayed": (
        "The device's code came a second time: somebody else may have it, so what it had earned"
        " was revoked."
    ),
    "oauth.device.user_code_refused": "{actor} entered a code that leads nowhere{reason}.",
    "oauth.token.access_issued": "The client {client} was given an access token for {scope}.",
    "oauth.token.refresh_issued": "The client {client} was given a refresh token.",
    "oauth.token.refreshed": "The client {client} exchanged its refresh token for new tokens.",
    "clients.authentication_failed": "A client could not prove that it is {client}{reason}.",
    "users.created": "{actor} created the account {resource}.",
    "users.disabled": "{actor} disabled the account {resource}.",
    "users.enabled": "{actor} let the account {resource} in again.",
}
"""What to say of the commonest events; of the others, the catalogue's own words serve."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    text: str
    row: AuditRow


@dataclass(frozen=True, slots=True)
class Story:
    """What happened around a request, the first thing first."""

    request_id: str
    lines: tuple[Line, ...]

    @property
    def opening(self) -> str:
        """Where it came from, and how it ended, in a sentence or two."""
        own = [line.row for line in self.lines if line.row.request_id == self.request_id]
        if not own:
            return "Nothing is known of this request: it changed nothing, or is no longer kept."
        first, last = own[0], own[-1]
        came = (
            f"It was {first.request_method} {first.request_path}"
            if first.request_method
            else ("It came without HTTP")
        )
        whence = f", from {first.ip_address}" if first.ip_address else ""
        failed = any(row.status == Status.FAILURE for row in own)
        ended = "It did not come to what was asked" if failed else "It came to what was asked"
        return f"{came}{whence}. {ended}: {plain(last)}"


def tell(request_id: str, rows: Iterable[AuditRow]) -> Story:
    """Tell what happened, in its order."""
    ordered = sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)
    return Story(request_id, tuple(Line(row.created_at, plain(row), row) for row in ordered))


def plain(row: AuditRow) -> str:
    """What happened, in plain words."""
    sentence = SENTENCES.get(row.action)
    if sentence is None:
        return meaning(row)
    told = row.metadata
    reason = row.reason
    return sentence.format(
        actor=row.actor_name or row.actor_id or "Somebody",
        resource=row.resource_name or row.resource_id or "an account",
        client=row.client_id or "that asked",
        method=_words(told.get("method")) or "a session",
        scope=told.get("scope") or "no scope",
        subject=_words(told.get("subject")) or "one account",
        reason=f": {_words(reason)}" if reason else "",
    )


def _words(value: object) -> str:
    return str(value).replace("_", " ") if value else ""


def related(rows: Sequence[AuditRow]) -> tuple[frozenset[str], frozenset[str]]:
    """The sessions, and the device grants, that a request's events speak of."""
    sessions = frozenset(row.session_id for row in rows if row.session_id)
    grants = {row.resource_id for row in rows if row.resource_type == "DEVICE_CODE"}
    grants |= {row.metadata.get("grant_id") for row in rows}
    return sessions, frozenset(grant for grant in grants if isinstance(grant, str))
