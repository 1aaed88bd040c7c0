"""The log and the audit log tell the same story of each request."""

import asyncio
import json
from collections.abc import Iterator

from tests.kit.people import CHEAP, Pair, keeper
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server
from tests.kit.tables import rows

SETTINGS = {**CHEAP, "log": "debug", "log_format": "json", "workers": "1"}
AT_ONCE = 8


async def test_an_event_is_logged_under_the_request_that_caused_it(standing: Server) -> None:
    pair = await asyncio.to_thread(keeper, standing)
    ids = await ask_all_at_once(standing, pair)
    recorded = dict(
        await asyncio.to_thread(rows, standing, "SELECT id, request_id FROM audit_logs")
    )
    logged = {line["event_id"]: line.get("request_id") for line in events_in(standing.printed())}
    told = {event: recorded[event] for event in logged if recorded.get(event) in ids}
    assert len(told) == len(ids)
    assert {event: logged[event] for event in told} == told


async def ask_all_at_once(server: Server, pair: Pair) -> set[str]:
    """Have many changes committed together: the ids of the requests."""
    async with server.client() as client:
        form = {"grant_type": "client_credentials"}
        given = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        answers = await asyncio.gather(
            *(client.post("/oauth/token", data=form, auth=pair) for _ in range(AT_ONCE)),
            *(client.post("/v1/auth/login", json=given) for _ in range(AT_ONCE)),
        )
    assert {answer.status_code for answer in answers} == {200}
    return {answer.headers["x-request-id"] for answer in answers}


def events_in(printed: str) -> Iterator[dict[str, str]]:
    """The lines that tell of an event."""
    for line in printed.splitlines():
        if '"event_id"' in line:
            yield json.loads(line)
