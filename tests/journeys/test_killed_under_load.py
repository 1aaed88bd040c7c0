"""Killed at any moment under load, a server keeps what it said."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from tests.kit import metrics
from tests.kit.people import CHEAP, OUR_CLI, PATIENT, Pair, device_tokens, keeper
from tests.kit.server import Server, serving
from tests.kit.tables import rows
from tests.kit.workers import kill_everything, workers

from gatewatch.kernel.secrets import SystemEntropy

ROUNDS = 6
CALLERS_OF_A_KIND = 2
CALLERS = 3 * CALLERS_OF_A_KIND
RESTLESS = {**CHEAP, **PATIENT, "workers": "2", "log": "warn,gatewatch.supervisor=info"}


@dataclass
class Answered:
    """What the server said, over all rounds."""

    events: dict[str, str] = field(default_factory=dict)
    """The action that each request id must be recorded under."""
    tokens: list[str] = field(default_factory=list)
    """Access tokens that were issued."""

    def heard(self, answer: httpx.Response, status: int, action: str) -> None:
        assert answer.status_code == status, answer.text
        self.events[answer.headers["x-request-id"]] = action
        if status == httpx.codes.OK:
            self.tokens.append(answer.json()["access_token"])


Call = Callable[[httpx.AsyncClient], AsyncIterator[None]]


class Load:
    """Callers of three kinds, who call until nobody answers any more."""

    def __init__(self, pair: Pair, answered: Answered) -> None:
        self._pair = pair
        self._answered = answered
        self._numbers = count()

    async def call(self, server: Server, refresh_tokens: list[str]) -> None:
        """Call until the server is gone."""
        async with asyncio.TaskGroup() as group:
            for caller in [self._log_in, self._ask] * CALLERS_OF_A_KIND:
                group.create_task(self._again_and_again(server, caller))
            for token in refresh_tokens:
                group.create_task(self._on_a_line(server, lambda c, t=token: self._refresh(c, t)))

    async def _again_and_again(self, server: Server, caller: Call) -> None:
        while server.process.poll() is None:
            await self._on_a_line(server, caller)

    async def _on_a_line(self, server: Server, caller: Call) -> None:
        """Call until the connection breaks; whether the last call was heard, nobody knows."""
        with suppress(httpx.TransportError):
            async with server.client() as client:
                async for _ in caller(client):
                    pass

    async def _log_in(self, client: httpx.AsyncClient) -> AsyncIterator[None]:
        while True:
            given = {"email": f"{next(self._numbers)}@example.com", "password": "wrong"}
            answer = await client.post("/v1/auth/login", json=given)
            self._answered.heard(answer, 401, "auth.login.failed")
            yield

    async def _ask(self, client: httpx.AsyncClient) -> AsyncIterator[None]:
        while True:
            form = {"grant_type": "client_credentials"}
            answer = await client.post("/oauth/token", data=form, auth=self._pair)
            self._answered.heard(answer, 200, "oauth.token.access_issued")
            yield

    async def _refresh(self, client: httpx.AsyncClient, token: str) -> AsyncIterator[None]:
        form = {"grant_type": "refresh_token", "client_id": OUR_CLI, "refresh_token": token}
        while True:
            answer = await client.post("/oauth/token", data=form)
            self._answered.heard(answer, 200, "oauth.token.refreshed")
            form["refresh_token"] = answer.json()["refresh_token"]
            yield


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_answer_is_recorded_once_and_every_token_works(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres_url") if engine == "postgres" else None
    data_dir, answered = tmp_path / "data", Answered()
    with serving(data_dir, database_url=url, **RESTLESS) as server:
        pair = keeper(server, "client_credentials", scope="read")
    for number in range(ROUNDS):
        with serving(data_dir, database_url=url, **RESTLESS) as server:
            assert metrics.scrape(server).audit_balance() == 0
            under_load_until_killed(server, Load(pair, answered), everything=number % 2 == 0)
    assert len(answered.events) > 50 * ROUNDS

    with serving(data_dir, database_url=url, **RESTLESS) as server:
        all_is_stored(server)
        recorded = Counter(rows(server, "SELECT request_id, action FROM audit_logs"))
        told = {pair: recorded[pair] for pair in answered.events.items()}
        assert told == dict.fromkeys(answered.events.items(), 1)
        of_requests = Counter(request_id for request_id, _ in recorded.elements())
        assert {of_requests[request_id] for request_id in answered.events} == {1}
        assert all(asyncio.run(are_active(server, pair, answered.tokens)))


def under_load_until_killed(server: Server, load: Load, *, everything: bool) -> None:
    """Kill the whole server, or each of its workers in turn and then the whole, under load."""
    refresh_tokens = [device_tokens(server)["refresh_token"] for _ in range(CALLERS_OF_A_KIND)]

    async def shoot() -> None:
        await asyncio.sleep(0.2 + at_random(0.6))
        await asyncio.to_thread(the_books_balance, server)
        if not everything:
            os.kill(workers(server)[1], signal.SIGKILL)
            await asyncio.sleep(at_random(0.3))
            os.kill(workers(server)[2], signal.SIGKILL)
            await asyncio.sleep(at_random(0.3))
        kill_everything(server)

    async def both() -> None:
        await asyncio.gather(load.call(server, refresh_tokens), shoot())

    asyncio.run(both())


def the_books_balance(server: Server) -> None:
    """At any moment: but for what the callers set going while the numbers were read."""
    for _ in range(3):
        assert abs(metrics.scrape(server).audit_balance()) <= CALLERS


def all_is_stored(server: Server) -> None:
    """Wait until nothing is in flight; then the books balance to the last event."""
    deadline = monotonic() + 15
    while metrics.scrape(server).total("gatewatch_audit_events_in_flight"):
        assert monotonic() < deadline, "events are still in flight"
        sleep(0.1)
    scraped = metrics.scrape(server)
    assert scraped.audit_balance() == 0
    assert scraped.total("gatewatch_audit_events_dropped_total") == 0


async def are_active(server: Server, pair: Pair, tokens: list[str]) -> list[bool]:
    """Whether each token works, as its resource server is told."""
    async with server.client() as client:
        answers = [
            await client.post("/oauth/introspect", data={"token": token}, auth=pair)
            for token in tokens
        ]
    return [answer.json()["active"] for answer in answers]


def at_random(seconds: float) -> float:
    return seconds * int.from_bytes(SystemEntropy().bytes(2)) / 65536
