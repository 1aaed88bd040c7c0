"""What can be asked of the audit log."""

from dataclasses import dataclass
from datetime import datetime

from gatewatch.catalogue.event import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; whatever is None does not matter."""

    event_type: str | None = None
    action: str | None = None
    severity: Severity | None = None
    success: bool | None = None
    actor: str | None = None
    """The id of who did it."""
    actor_ip: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    search: str | None = None
    """Part of the action, the resource's name or the actor's name, in any case."""
    start_time: datetime | None = None
    end_time: datetime | None = None
    """Both bounds are included."""
