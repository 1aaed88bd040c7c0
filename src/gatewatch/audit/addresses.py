"""Networks in a search: the addresses of theirs that the log holds, or how their texts look.

Addresses are kept as text. The texts of an IPv4 network have certain beginnings; those of an
IPv6 network need not, since the longest run of zeros is left out wherever it is. So addresses
are looked up, by leaping through their index, and beginnings serve where there are too many.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Text, bindparam, literal_column, select

from gatewatch.audit.search import Choice
from gatewatch.audit.store import audit_logs
from gatewatch.backends.database import Database, Statement
from gatewatch.kernel.errors import Refusal

MOST_ADDRESSES: Final = 1_000
"""Addresses of one network that are told apart; about a millisecond for each hundred."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses, or where there are too many of them, what their texts are like."""

    texts: frozenset[str]
    patterns: frozenset[str] | None = None


def networks_in(texts: Iterable[str]) -> list[Network]:
    """Those of the texts that are networks."""
    return [ip_network(text) for text in sorted(texts) if "/" in text]


async def wanted_addresses(database: Database, choice: Choice) -> Addresses:
    """What the wanted addresses and networks come to."""
    return await _told_apart(database, choice.wanted)


async def unwanted_addresses(database: Database, choice: Choice) -> Addresses:
    """What the unwanted addresses and networks come to."""
    networks = networks_in(choice.unwanted)
    if all(network.version == 4 for network in networks):  # noqa: PLR2004 - IPv4
        return Addresses(frozenset(), frozenset(_patterns(choice.unwanted)))
    return await _told_apart(database, choice.unwanted)


async def _told_apart(database: Database, texts: frozenset[str]) -> Addresses:
    found = {text for text in texts if "/" not in text}
    for network in networks_in(texts):
        lowest, highest = _beginning(network)
        rows = await database.scan(_KNOWN, lowest=lowest, highest=highest, most=MOST_ADDRESSES)
        if len(rows) < MOST_ADDRESSES:
            found |= {text for (text,) in rows if _is_in(text, network)}
        elif network.version == 4:  # noqa: PLR2004 - IPv4
            return Addresses(frozenset(), frozenset(_patterns(texts)))
        else:
            raise Refusal("invalid_input", "The filter actor_ip names too wide a network.")
    return Addresses(frozenset(found))


def _is_in(text: str, network: Network) -> bool:
    try:
        return ip_address(text) in network
    except ValueError:
        return False


def _patterns(texts: Iterable[str]) -> Iterator[str]:
    """What LIKE finds the addresses by: an IPv4 network is at most 128 beginnings of texts."""
    for text in texts:
        if "/" not in text:
            yield text
            continue
        network = IPv4Network(text)
        octets = -(-network.prefixlen // 8)
        for part in network.subnets(new_prefix=octets * 8):
            kept = str(part.network_address).split(".")[:octets]
            yield ".".join([*kept, "%"] if octets < 4 else kept)  # noqa: PLR2004 - octets of IPv4


def _beginning(network: Network) -> tuple[str, str]:
    """The bounds of texts that begin as those of a network surely do."""
    if isinstance(network, IPv4Network):
        kept = str(network.network_address).split(".")[: min(network.prefixlen // 8, 3)]
        return _bounds(kept, ".", "/")
    groups = network.network_address.exploded.split(":")[: network.prefixlen // 16]
    # A run of zeros may be what is left out.
    kept = [group.lstrip("0") for group in takewhile(lambda group: int(group, 16), groups)]
    return _bounds(kept[:7], ":", ";")


def _bounds(kept: list[str], separator: str, following: str) -> tuple[str, str]:
    """The texts that begin with these parts, and the separator that `following` comes after."""
    if not kept:
        return "", "g"
    text = separator.join(kept)
    return text + separator, text + following


def _leap(past: ColumnElement[bool] | None, address: Any, highest: Any) -> Any:
    found = select(address).where(address < highest).order_by(address).limit(literal_column("1"))
    return (found if past is None else found.where(past)).scalar_subquery()


def _known() -> Statement:
    address = audit_logs.c.ip_address
    lowest, highest = bindparam("lowest", type_=Text), bindparam("highest", type_=Text)
    first = _leap(address >= lowest, address, highest)
    found = select(first.label("address")).cte("found", recursive=True)
    following = _leap(address > found.c.address, address, highest)
    found = found.union_all(select(following).where(found.c.address.is_not(None)))
    every = select(found.c.address).where(found.c.address.is_not(None))
    # By bytes, whatever the database sorts texts by.
    return Statement(every.limit(bindparam("most", type_=Integer)), postgres=_BY_BYTES)


_BY_BYTES: Final = """
WITH RECURSIVE found(address) AS (
  SELECT (SELECT ip_address FROM audit_logs WHERE ip_address ~>=~ :lowest
          AND ip_address ~<~ :highest ORDER BY ip_address USING ~<~ LIMIT 1)
  UNION ALL
  SELECT (SELECT ip_address FROM audit_logs WHERE ip_address ~>~ found.address
          AND ip_address ~<~ :highest ORDER BY ip_address USING ~<~ LIMIT 1)
  FROM found WHERE found.address IS NOT NULL)
SELECT address FROM found WHERE address IS NOT NULL LIMIT :most
"""

_KNOWN: Final = _known()
