"""Every event, in the order the reference shows them."""

from typing import Final

from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events import (
    access,
    accounts,
    audit,
    clients,
    device,
    login,
    seals,
    sessions,
    sinks,
    system,
    tokens,
)

EVENTS: Final[tuple[type[Event], ...]] = (
    *login.EVENTS,
    *sessions.EVENTS,
    *accounts.EVENTS,
    *access.EVENTS,
    *clients.EVENTS,
    *device.EVENTS,
    *tokens.EVENTS,
    *seals.EVENTS,
    *audit.EVENTS,
    *sinks.EVENTS,
    *system.EVENTS,
)
"""All of them. Listed, not discovered: dataclasses with slots re-create their class."""
