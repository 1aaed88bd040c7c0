"""The cache before the table: whatever happens, a session that has ended is not brought back."""

import asyncio
from dataclasses import replace

import pytest
from tests.kit.house import OPERATOR, PASSWORD, SOMEWHERE

from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.backends.ephemeral.redis import RedisEphemeral
from gatewatch.catalogue.metrics import SESSION_CACHE
from gatewatch.catalogue.outcomes import CacheLookup, SessionCheck
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.kernel.secrets import Secret


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.valkey)])
async def cache(request, home):
    if request.param == "memory":
        cache = MemoryEphemeral(home.clock)
    else:
        cache = RedisEphemeral(Secret(request.getfixturevalue("valkey_url")), home.clock)
    await cache.open()
    yield cache
    await cache.close()


@pytest.fixture
def both(home, cache):
    """Two processes with one cache: the first is the one that ends things."""
    sessions = [replace(home.sessions, cache=cache) for _ in range(2)]
    return [
        replace(
            home,
            sessions=each,
            accounts=replace(home.accounts, on_disable=(each.shut_out,)),
        )
        for each in sessions
    ]


async def sign_in(home):
    opened = (await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)).opened
    return [Credential(Via.PAGE, opened.page_token)]


async def test_a_session_is_read_once_by_all(home, both):
    await home.move_in()
    credentials = await sign_in(home)
    found = [await each.sessions.check(credentials) for each in (*both, *both)]
    assert found == [found[0]] * 4
    assert isinstance(found[0], SignedIn)
    assert home.meter.value(SESSION_CACHE, CacheLookup.MISS) == 1
    assert home.meter.value(SESSION_CACHE, CacheLookup.HIT) == 3


async def test_what_one_process_ends_is_good_in_none(home, both):
    ada = await home.move_in()
    one, other = both

    async def log_out(signed_in):
        await one.sessions.log_out(signed_in, origin=SOMEWHERE)

    async def end(signed_in):
        await one.sessions.end(signed_in.session.id, by=signed_in, origin=SOMEWHERE)

    async def end_everywhere(signed_in):
        await one.sessions.end_everywhere(signed_in, origin=SOMEWHERE)

    async def disable(_):
        await one.accounts.disable(ada.id, by=OPERATOR)
        await one.sessions.close()

    for finish in (log_out, end, end_everywhere, disable):
        credentials = await sign_in(home)
        signed_in = await other.sessions.check(credentials)
        assert isinstance(signed_in, SignedIn)
        await finish(signed_in)
        assert await other.sessions.check(credentials) is SessionCheck.ENDED


async def test_a_read_that_was_on_its_way_does_not_bring_a_session_back(home):
    await home.move_in()
    credentials = await sign_in(home)

    class Slow(MemoryEphemeral):
        """Is long in keeping what was read."""

        def __init__(self) -> None:
            super().__init__(home.clock)
            self.asked, self.go_on = asyncio.Event(), asyncio.Event()

        async def put(self, key, value, ttl) -> None:
            if value != b"ended":
                self.asked.set()
                await self.go_on.wait()
            await super().put(key, value, ttl)

    slow = Slow()
    sessions = replace(home.sessions, cache=slow)
    reading = asyncio.create_task(sessions.check(credentials))
    await slow.asked.wait()
    signed_in = await home.sessions.check(credentials)
    await sessions.log_out(signed_in, origin=SOMEWHERE)
    slow.go_on.set()
    await reading
    assert await sessions.check(credentials) is SessionCheck.ENDED


async def test_without_an_answer_the_database_is_asked(home):
    await home.move_in()
    credentials = await sign_in(home)
    dead = RedisEphemeral(Secret("redis://127.0.0.1:1/0"), home.clock)
    await dead.open()
    sessions = replace(home.sessions, cache=dead)
    signed_in = await sessions.check(credentials)
    assert isinstance(signed_in, SignedIn)
    await sessions.log_out(signed_in, origin=SOMEWHERE)
    assert await sessions.check(credentials) is SessionCheck.ENDED
    await dead.close()
