"""When failures are too many."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from gatewatch.catalogue.outcomes import ThrottleVerdict
from gatewatch.kernel.errors import Unavailable

IPV6_PREFIX: Final = 64
"""Bits of an IPv6 address that one subscriber has for themselves (RFC 6177 section 2)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How someone who keeps failing stands."""

    verdict: ThrottleVerdict
    retry_after: int = 0
    """Seconds until it is worth trying again."""

    @property
    def is_blocked(self) -> bool:
        """Whether an attempt must not be looked at."""
        return self.verdict is ThrottleVerdict.BLOCKED

    def refusal(self) -> Unavailable:
        """What someone is told who is blocked."""
        return Unavailable(
            "rate_limited",
            "Too many attempts have failed. Wait a while before you try again.",
            retry_after=self.retry_after,
        )


def judge(failures: int, limit: int, *, retry_after: int) -> Standing:
    """Decide whether one more attempt is admitted after so many failures."""
    if failures >= limit:
        return Standing(ThrottleVerdict.BLOCKED, max(1, retry_after))
    return Standing(ThrottleVerdict.ADMITTED)


def address_key(address: str) -> str:
    """The address that failures are counted under.

    Of IPv6 it is the network that one subscriber has, or each failure would have an address of
    its own; IPv4 within IPv6 (RFC 4291 section 2.5.5.2) is IPv4.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_PREFIX), strict=False))
