"""What can be asked of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final, Self

KIND: Final = ("event_type", "action", "severity", "success", "resource_type")
"""Filters on what kind of event it is; of kinds there are few, however many events."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that are wanted, if any are named, and none of the unwanted."""

    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()

    def admits(self, value: str | None) -> bool:
        """Whether a value is one of those meant."""
        return (not self.wanted or value in self.wanted) and value not in self.unwanted

    def admits_address(self, text: str | None) -> bool:
        """Whether an address is one of those meant, or in one of the networks."""
        meant = not self.wanted or _is_among(text, self.wanted)
        return meant and not _is_among(text, self.unwanted)

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)


def _is_among(text: str | None, addresses: frozenset[str]) -> bool:
    if text is None or text in addresses:
        return text is not None
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any("/" in each and address in ip_network(each) for each in addresses)


ANY: Final = Choice()
"""Whatever it is."""


def only(*values: str) -> Choice:
    """One of these."""
    return Choice(frozenset(values))


def none_of(*values: str) -> Choice:
    """Anything else."""
    return Choice(unwanted=frozenset(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; what is not said does not matter."""

    event_type: Choice = ANY
    action: Choice = ANY
    severity: Choice = ANY
    success: Choice = ANY
    """Of ``success`` and ``failure``."""
    actor: Choice = ANY
    """The id of who did it."""
    actor_ip: Choice = ANY
    """Addresses, and networks as ``203.0.113.0/24``."""
    resource_type: Choice = ANY
    resource_id: Choice = ANY
    client_id: Choice = ANY
    organization_id: Choice = ANY
    request_id: Choice = ANY
    session_id: Choice = ANY
    search: str | None = None
    """Words, or their beginnings, that are all in the action, a name, or the details."""
    start_time: datetime | None = None
    end_time: datetime | None = None
    """Both bounds are included."""

    def choices(self) -> Iterator[tuple[str, Choice]]:
        """The filters that name values, by name."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Choice) and value:
                yield each.name, value

    def named(self) -> tuple[str, ...]:
        """The names of all filters in use."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name))

    @classmethod
    def of_request(cls, request_id: str) -> Self:
        """Everything that one request caused."""
        return cls(request_id=only(request_id))
