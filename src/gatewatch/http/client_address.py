"""Who is calling: the socket's peer, or what a trusted proxy says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from gatewatch.http.request import Scope

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """Finds the caller's address. Without trusted proxies, X-Forwarded-For means nothing."""

    trusted: tuple[Network, ...] = ()

    def of(self, scope: Scope) -> str | None:
        """The nearest address that is not a trusted proxy of ours, read from the right."""
        peer = scope.get("client")
        if peer is None:
            return None
        address: str = peer[0]
        if not self.trusted or not self._trusts(address):
            return address
        for hop in reversed(list(_forwarded(scope["headers"]))):
            if not _is_address(hop):
                return address
            address = hop
            if not self._trusts(address):
                return address
        return address

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self.trusted)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
    for name, value in headers:
        if name == b"x-forwarded-for":
            yield from (hop.strip() for hop in value.decode("latin-1").split(","))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
