"""The queries of IdentSphere's guide run as they are printed, on Postgres."""

import asyncio

import asyncpg
import pytest
from tests.audit.desk import ADA, Desk, signed_in, spool

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Change, Database, migrate
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.login import MfaDisabled
from gatewatch.catalogue.metrics import METRICS
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.time import SystemClock

FAILED_LOGINS = """
SELECT ip_address, COUNT(*) AS attempts
FROM IdentSphere.audit_logs
WHERE action = 'auth.login.failed'
AND created_at > now() - interval '1 hour'
GROUP BY ip_address
ORDER BY attempts DESC
LIMIT 20;
"""
NEW_ADDRESSES = """
SELECT actor_id, ip_address, MIN(created_at) AS first_seen
FROM IdentSphere.audit_logs
WHERE action = 'auth.login' AND status = 'success'
GROUP BY actor_id, ip_address
HAVING MIN(created_at) > now() - interval '1 day';
"""
MFA_DISABLES = """
SELECT *
FROM IdentSphere.audit_logs
WHERE action = 'auth.mfa.disabled'
AND created_at > now() - interval '1 day';
"""

pytestmark = pytest.mark.postgres


@pytest.fixture
async def connection(postgres_url, tmp_path):
    """A client of a database that holds two bursts, a sign-in and an MFA that was disabled."""
    await asyncio.to_thread(migrate.up, postgres_url, "identsphere")
    database = Database.build(postgres_url, schema="identsphere")
    await database.open()
    journal = Desk(database, tmp_path, SystemClock()).journal(Meter(METRICS))
    spool(journal, *map(str, range(5)), origin=Origin("192.0.2.1"))
    spool(journal, *map(str, range(9)), origin=Origin("192.0.2.2"))
    await recorded(database, journal)
    await journal.close()
    await database.close()
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def recorded(database: Database, journal: Journal) -> None:
    for event in (signed_in(), MfaDisabled(account_id="acc_ada")):
        change = Change()
        await journal.record(change, event, actor=ADA, origin=Origin("192.0.2.3"))
        await database.commit(change)


async def test_failed_login_bursts_per_address(connection):
    rows = await connection.fetch(FAILED_LOGINS)

    assert [tuple(row) for row in rows] == [("192.0.2.2", 9), ("192.0.2.1", 5)]


async def test_logins_from_a_new_address(connection):
    (row,) = await connection.fetch(NEW_ADDRESSES)

    assert (row["actor_id"], row["ip_address"]) == ("acc_ada", "192.0.2.3")


async def test_mfa_disables(connection):
    (row,) = await connection.fetch(MFA_DISABLES)

    assert (row["actor_id"], row["resource_id"]) == ("acc_ada", "acc_ada")
