"""Rows for an audit log of any size: what a month or two of a busy server would have left."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gatewatch.audit.row import AuditRow
from gatewatch.catalogue.event import Status
from gatewatch.catalogue.events import EVENTS

END = datetime(2026, 2, 8, 12, tzinfo=UTC)
DAYS = 60
ACCOUNTS = 20_000
ADDRESSES = 8_000
CLIENTS = 60

WEIGHTS = {
    "oauth.token.access_issued": 260,
    "oauth.token.refreshed": 220,
    "auth.login": 160,
    "auth.login.failed": 90,
    "oauth.token.refresh_issued": 80,
    "oauth.device.code_generated": 50,
    "oauth.device.code_authorized": 40,
    "auth.logout": 30,
    "audit.viewed": 4,
}
"""What happens often, beside everything else, which happens once as often as there is a weight."""


def rows(count: int, seed: int = 7) -> Iterator[AuditRow]:
    """So many rows, the oldest first; the same for the same seed."""
    chance = random.Random(seed)
    events = list(EVENTS)
    weights = [WEIGHTS.get(event.action, 1) for event in events]
    gap = timedelta(days=DAYS) / count
    moment = END - timedelta(days=DAYS)
    for number, event in enumerate(chance.choices(events, weights, k=count)):
        moment += gap * chance.uniform(0.01, 1.99)
        yield _row(number, moment, event, chance)


def _row(number, moment, event, chance) -> AuditRow:
    account = int(ACCOUNTS * chance.random() ** 3)
    address = int(ADDRESSES * chance.random() ** 3)
    client = int(CLIENTS * chance.random() ** 4)
    failed = event.status is Status.FAILURE
    mail = f"person{account}@example{account % 40}.com"
    stamp = f"{int(moment.timestamp() * 1000):012x}"
    tail = hashlib.blake2b(number.to_bytes(8, "big"), digest_size=10).hexdigest()
    return AuditRow(
        id=f"evt_{stamp}{tail}",
        created_at=moment,
        event_type=event.type,
        action=event.action,
        severity=event.severity.value,
        status=event.status.value,
        actor_id=None if failed else _made("acc", account),
        actor_type="anonymous" if failed else "account",
        actor_name=None if failed else mail,
        organization_id=None,
        client_id=_made("cli", client) if "oauth" in event.action else None,
        session_id=None if failed else _made("ses", number // 6),
        ip_address=f"{10 + address % 90}.{address % 7}.{address // 256}.{address % 256}"
        if address % 20
        else f"2001:db8:{address:x}::7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        request_id=f"req_{stamp}{number // 2:020x}",
        trace_id=None,
        request_method="POST",
        request_path="/oauth/token",
        resource_type=None if event.resource is None else event.resource.value,
        resource_id=_made("acc", account),
        resource_name=mail,
        reason="wrong_password" if failed else None,
        metadata={"account_id": _made("acc", account), "note": f"word{chance.randrange(50_000)}",
                  "scope": "openid profile", "session_id": _made("ses", number // 6)},
        emitter="emt_019a7c52e8f19c4b6a1d2e3f40516273",
        sequence=number,
    )  # fmt: skip


def _made(kind: str, number: int) -> str:
    return f"{kind}_{number:012x}{number * 2654435761 % (1 << 80):020x}"
