"""Twenty at once on each thing of OAuth that is spent or decided once."""

import asyncio

import pytest
from tests.kit.house import OPERATOR, SOMEWHERE, neighbour
from tests.kit.office import office, office_in, outcome_of

from gatewatch.catalogue.metrics import DEVICE_POLLS, TOKEN_REFRESHES
from gatewatch.catalogue.outcomes import DevicePoll, TokenRefresh

__all__ = ["office"]

MANY = 20


class Unpaced:
    """Ephemeral state whose cadence lets everybody through, so that only the guard is left."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def pace(self, key, *, interval, step, ttl):  # noqa: ARG002 - as the port has it
        pace = await self._inner.pace(f"{key}:{id(object())}", interval=0, step=0, ttl=ttl)
        return type(pace)(too_soon=False, interval=interval)


async def outcomes(attempts):
    return [
        outcome_of(result) for result in await asyncio.gather(*attempts, return_exceptions=True)
    ]


@pytest.fixture
def unpaced(office):
    office.house.ephemeral = Unpaced(office.house.ephemeral)
    return office_in(office.house)


async def test_a_device_code_is_spent_once_however_many_ask(unpaced):
    client = await unpaced.television()
    started = await unpaced.approved(client, await unpaced.person())

    ended = await outcomes(
        unpaced.device.redeem(started.device_code, client, SOMEWHERE) for _ in range(MANY)
    )

    assert sorted(ended) == ["invalid_grant"] * (MANY - 1) + ["issued"]
    assert unpaced.house.meter.value(DEVICE_POLLS, DevicePoll.GRANTED) == 1
    assert (await unpaced.house.actions()).count("oauth.token.access_issued") == 1
    assert (await unpaced.house.actions()).count("oauth.device.code_replayed") == 1


async def test_a_device_that_asks_twenty_times_at_once_keeps_what_it_got(office):
    client = await office.television()
    asker = await office.program(name="Asker")
    started = await office.approved(client, await office.person())

    polls = (office.device.redeem(started.device_code, client, SOMEWHERE) for _ in range(MANY))
    results = await asyncio.gather(*polls, return_exceptions=True)

    ended = [outcome_of(result) for result in results]
    assert sorted(ended) == ["issued"] + ["slow_down"] * (MANY - 1)
    (issued,) = (result for result in results if outcome_of(result) == "issued")
    assert await office.tokens.introspect(issued.access_token, asker)


async def test_a_refresh_token_is_spent_once_however_many_ask(office):
    client = await office.television()
    asker = await office.program(name="Asker")
    issued = await office.signed_in(client, await office.person())

    refreshes = (
        office.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE) for _ in range(MANY)
    )
    results = await asyncio.gather(*refreshes, return_exceptions=True)

    ended = [outcome_of(result) for result in results]
    assert sorted(ended) == ["invalid_grant"] * (MANY - 1) + ["issued"]
    assert office.house.meter.value(TOKEN_REFRESHES, TokenRefresh.REPLAYED) == MANY - 1
    actions = await office.house.actions()
    assert (
        actions.count("oauth.token.refreshed"),
        actions.count("oauth.token.refresh_replayed"),
    ) == (1, 1)
    (winner,) = (result for result in results if outcome_of(result) == "issued")
    assert await office.tokens.introspect(winner.access_token, asker) is None


async def test_a_refresh_token_is_spent_once_between_two_processes(office, house_url, tmp_path):
    client = await office.television()
    issued = await office.signed_in(client, await office.person())
    clock = office.house.clock
    (tmp_path / "next door").mkdir()
    async with neighbour(house_url, tmp_path / "next door", clock) as next_door:
        doors = (office, office_in(next_door))
        ended = await outcomes(
            door.tokens.refresh(issued.refresh_token, None, client, SOMEWHERE)
            for _ in range(MANY // 2)
            for door in doors
        )
    assert sorted(ended) == ["invalid_grant"] * (MANY - 1) + ["issued"]


async def test_a_device_is_decided_once_however_many_decide(office):
    client, person = await office.television(), await office.person()
    started = await office.device.start(client, None, SOMEWHERE)

    ended = await outcomes(
        decide(started.user_code, person, SOMEWHERE)
        for _ in range(MANY // 2)
        for decide in (office.device.approve, office.device.deny)
    )

    assert sorted(ended) == ["issued"] + ["not_found"] * (MANY - 1)
    decided = [
        action
        for action in await office.house.actions()
        if action in {"oauth.device.code_authorized", "oauth.device.code_denied"}
    ]
    assert len(decided) == 1


async def test_no_token_survives_the_disabling_of_its_client(office):
    client = await office.program()
    asker = await office.program(name="Asker")
    *results, _ = await asyncio.gather(
        *(office.tokens.client_credentials(client, None, SOMEWHERE) for _ in range(MANY)),
        office.clients.disable(client.id, by=OPERATOR),
        *(office.tokens.client_credentials(client, None, SOMEWHERE) for _ in range(MANY)),
        return_exceptions=True,
    )
    for issued in results:
        if issued is not None:
            assert await office.tokens.introspect(issued.access_token, asker) is None


async def test_a_client_is_registered_once_under_one_id(office):
    ended = await outcomes(office.credentials(client_id="mine") for _ in range(MANY))
    assert sorted(ended) == ["conflict"] * (MANY - 1) + ["issued"]
