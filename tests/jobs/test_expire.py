"""Rows that have served go; those that anybody may still come back with stay."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Integer, column, text
from tests.kit.house import PASSWORD, SOMEWHERE
from tests.kit.office import refusal_of
from tests.kit.server import eventually
from tests.kit.site import serving

from gatewatch.audit.formats import Observer
from gatewatch.audit.retention import Retention
from gatewatch.audit.search import Search
from gatewatch.backends.database import Database, Statement
from gatewatch.backends.database import sweep as sweep_module
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.catalogue.metrics import JOB_LAST_SUCCESS, ROWS_LET_GO
from gatewatch.catalogue.outcomes import GrantType, JobName, SessionCheck, SweptTable
from gatewatch.identity.sessions.rules import Credential, SignedIn, Via
from gatewatch.jobs.expire import schedule

TABLES = ("oauth_tokens", "sessions", "device_grants")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    monkeypatch.setattr(sweep_module, "FEW", 3)
    monkeypatch.setattr(sweep_module, "BREATH", 0.0)


async def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    counted = {}
    for table in TABLES:
        count = text(f"SELECT count(*) FROM {table}").columns(column("n", Integer))  # noqa: S608
        ((counted[table],),) = await database.scan(Statement(count))
    return counted


async def sign_in(home) -> Credential:
    admitted = await home.login.offer("ada@example.com", PASSWORD, origin=SOMEWHERE)
    return Credential(Via.PAGE, admitted.opened.page_token)


async def test_a_token_stays_an_hour_beyond_its_end(office, home):
    keeper = await office.program(grant_types=(GrantType.CLIENT_CREDENTIALS,))
    for _ in range(7):
        await office.tokens.client_credentials(keeper, None, SOMEWHERE)
    home.clock.advance(minutes=74, seconds=59)
    assert await office.tokens.let_go(home.clock.now()) == 0

    home.clock.advance(seconds=1)
    assert await office.tokens.let_go(home.clock.now()) == 7
    assert (await rows(home.database))["oauth_tokens"] == 0


async def test_a_spent_refresh_token_is_known_again_until_its_family_ends(office, home):
    client, person = await office.television(), await office.person()
    first = await office.signed_in(client, person)
    last = first
    for _ in range(5):
        home.clock.advance(days=5)
        last = await office.tokens.refresh(last.refresh_token, None, client, SOMEWHERE)
        await office.tokens.let_go(home.clock.now())

    assert await refusal_of(
        office.tokens.refresh(first.refresh_token, None, client, SOMEWHERE)
    ) == ("invalid_grant")
    assert "oauth.token.refresh_replayed" in await home.actions()
    # It took its family with it.
    assert await refusal_of(office.tokens.refresh(last.refresh_token, None, client, SOMEWHERE)) == (
        "invalid_grant"
    )

    home.clock.advance(days=5, hours=1)
    await office.tokens.let_go(home.clock.now())
    assert (await rows(home.database))["oauth_tokens"] == 0


async def test_tokens_are_refreshed_while_others_go(office, home):
    client, person = await office.television(), await office.person()
    kept = [await office.signed_in(client, person) for _ in range(8)]
    home.clock.advance(days=29)
    doomed = 2 * len(kept)
    for _ in range(2):
        kept = [
            await office.tokens.refresh(each.refresh_token, None, client, SOMEWHERE)
            for each in kept
        ]
    home.clock.advance(minutes=76)

    gone, *following = await asyncio.gather(
        office.tokens.let_go(home.clock.now()),
        *[office.tokens.refresh(each.refresh_token, None, client, SOMEWHERE) for each in kept],
    )

    # The access tokens: the first ones, and those of the two refreshments.
    assert gone == doomed // 2 + 2 * len(kept)
    for each in following:
        assert (await office.tokens.tokeninfo(each.access_token)).client_id == client.id
        await office.tokens.refresh(each.refresh_token, None, client, SOMEWHERE)


async def test_of_many_who_sweep_at_once_each_row_is_counted_by_one(office, home):
    keeper = await office.program(grant_types=(GrantType.CLIENT_CREDENTIALS,))
    for _ in range(10):
        await office.tokens.client_credentials(keeper, None, SOMEWHERE)
    home.clock.advance(days=1)

    gone = await asyncio.gather(*[office.tokens.let_go(home.clock.now()) for _ in range(4)])
    last = await office.tokens.let_go(home.clock.now())

    assert sum(gone) + last == 10
    assert (await rows(home.database))["oauth_tokens"] == 0


async def test_a_session_stays_a_week_beyond_its_end(home):
    await home.move_in()
    ended, busy = await sign_in(home), await sign_in(home)
    await home.sessions.log_out(await home.sessions.check([ended]), origin=SOMEWHERE)
    for _ in range(7):
        assert await home.sessions.let_go(home.clock.now()) == 0
        assert await home.sessions.check([ended]) is SessionCheck.ENDED
        home.clock.advance(hours=23, minutes=59)
        assert isinstance(await home.sessions.check([busy]), SignedIn)
        await home.sessions.close()

    home.clock.advance(minutes=8)
    assert await home.sessions.let_go(home.clock.now()) == 1
    assert await home.sessions.check([ended]) is SessionCheck.MALFORMED
    assert isinstance(await home.sessions.check([busy]), SignedIn)

    home.clock.advance(days=30)
    assert await home.sessions.let_go(home.clock.now()) == 1


async def test_a_device_is_told_for_a_day_that_its_code_has_expired(office, home):
    client = await office.television()
    started = await office.device.start(client, None, SOMEWHERE)
    home.clock.advance(minutes=30, hours=23, seconds=3599)
    assert await office.device.let_go(home.clock.now()) == 0
    late = office.device.redeem(started.device_code, client, SOMEWHERE)
    assert await refusal_of(late) == "expired_token"

    home.clock.advance(seconds=1)
    assert await office.device.let_go(home.clock.now()) == 1
    too_late = office.device.redeem(started.device_code, client, SOMEWHERE)
    assert await refusal_of(too_late) == "invalid_grant"


def retention_in(home) -> Retention:
    return Retention(
        home.database,
        home.journal,
        home.meter,
        home.settings.audit,
        Observer.here(home.urls.issuer),
        lambda _query: Search(),
    )


async def test_each_job_counts_the_rows_of_its_table(office, home):
    person = await office.person()
    await office.signed_in(await office.television(), person)
    await home.journal.flush()
    retention = retention_in(home)
    jobs = schedule(
        home.settings,
        home.meter,
        home.clock,
        tokens=office.tokens,
        sessions=home.sessions,
        device=office.device,
        retention=retention,
    )
    recorded = len(await home.recorded())
    home.clock.advance(days=100)
    for job in jobs:
        await job.run()

    counted = {table: home.meter.value(ROWS_LET_GO, table) for table in SweptTable}
    assert counted == {
        SweptTable.OAUTH_TOKENS: 2,
        SweptTable.SESSIONS: 1,
        SweptTable.DEVICE_GRANTS: 1,
        SweptTable.AUDIT_LOGS: recorded,
    }
    assert await rows(home.database) == dict.fromkeys(TABLES, 0)
    assert set(await home.actions()) == {"audit.purged"}


def test_the_schedule_follows_the_settings(office, home):
    jobs = schedule(
        home.settings,
        home.meter,
        home.clock,
        tokens=office.tokens,
        sessions=home.sessions,
        device=office.device,
        retention=retention_in(home),
    )
    assert {job.name for job in jobs} == set(JobName) - {JobName.SEND_HEARTBEAT}
    assert {job.every for job in jobs} == {timedelta(hours=1), timedelta(hours=24)}


async def test_a_server_lets_go_without_being_asked(house_url, tmp_path):
    async with serving(house_url, tmp_path, cleanup_interval="1s") as site:
        services = site.services
        await site.start(await site.television())
        site.clock.advance(days=2)

        async def is_done() -> bool:
            done_at = services.meter.value(JOB_LAST_SUCCESS, JobName.EXPIRE_DEVICE_GRANTS)
            return done_at == site.clock.now().timestamp()

        await eventually(is_done)
        assert (await rows(services.database))["device_grants"] == 0
        exposed = (await site.http.get("/metrics")).text
        assert 'gatewatch_rows_let_go_total{table="device_grants"} 1' in exposed


async def test_a_store_that_forgets_does_no_harm(office, home):
    assert isinstance(home.ephemeral, MemoryEphemeral)
    keeper = await office.program(grant_types=(GrantType.CLIENT_CREDENTIALS,))
    await office.tokens.client_credentials(keeper, None, SOMEWHERE)
    home.clock.advance(days=1)
    assert [await office.tokens.let_go(home.clock.now()) for _ in range(2)] == [1, 0]
