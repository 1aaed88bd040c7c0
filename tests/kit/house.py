"""A house: the services, over a real database, with a clock that moves when told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatewatch.audit.journal import Emitter, Journal
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
from gatewatch.audit.store import page
from gatewatch.backends.database import Database, migrate
from gatewatch.backends.ephemeral.memory import MemoryEphemeral
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.hashing import Hashing
from gatewatch.backends.keys.jwt import Jwt
from gatewatch.backends.keys.keyring import Keyring
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.metrics import METRICS
from gatewatch.catalogue.outcomes import ThrottleSubject
from gatewatch.http.csrf import Csrf
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import Account
from gatewatch.identity.accounts.service import Accounts
from gatewatch.identity.login.service import Login
from gatewatch.identity.passwords.service import Passwords
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.service import Sessions
from gatewatch.identity.throttle.service import Throttle
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.secrets import Entropy, Secret, SystemEntropy
from gatewatch.kernel.time import FixedClock
from gatewatch.settings import Settings

NOON = datetime(2026, 2, 8, 12, tzinfo=UTC)
OPERATOR = Actor.operator("test")
SOMEWHERE = Origin(address="198.51.100.7", user_agent="curl/8.5.0", request_id="req_test")
PASSWORD = "correct horse battery staple"
SECRET_KEY = "a key of the tests' own, of no use elsewhere"


@dataclass
class House:
    """Everything a slice is made of; what a test looks at afterwards."""

    settings: Settings
    database: Database
    journal: Journal
    meter: Meter
    clock: FixedClock
    entropy: Entropy
    ephemeral: Ephemeral
    hashing: Hashing
    keyring: Keyring
    jwt: Jwt
    urls: Urls
    csrf: Csrf
    throttle: Throttle
    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    login: Login
    door: Doorkeeper

    async def move_in(self, email: str = "ada@example.com", **given) -> Account:
        """Create an account with PASSWORD."""
        return await self.passwords.register(email, PASSWORD, by=OPERATOR, **given)

    async def recorded(self) -> list[AuditRow]:
        """Every event, in the order they happened."""
        await self.journal.flush()
        rows = await page(self.database, Search(), count=1000)
        return sorted(rows, key=lambda row: row.sequence)

    async def actions(self) -> list[str]:
        """Every event's action, in the order they happened."""
        return [row.action for row in await self.recorded()]


def settings_of(url: str, data_dir: Path, **more: object) -> Settings:
    """Settings of a house; a password costs next to nothing to hash in it."""
    cheap = {"argon2_memory_kib": "8", "argon2_iterations": "1", "hash_threads": "2"}
    return Settings.of(
        **{
            "data_dir": str(data_dir),
            "database_url": url,
            "secret_key": SECRET_KEY,
            **cheap,
            **more,
        }
    )


@asynccontextmanager
async def house(url: str, data_dir: Path, **more: object) -> AsyncIterator[House]:
    """Build and open the services over an empty database; `more` are settings by name."""
    migrate.up(url)
    async with neighbour(url, data_dir, FixedClock(NOON), **more) as built:
        yield built


@asynccontextmanager
async def neighbour(
    url: str,
    data_dir: Path,
    clock: FixedClock,
    ephemeral: Ephemeral | None = None,
    **more: object,
) -> AsyncIterator[House]:
    """Build and open them over a database that is there, as another process would."""
    built = _build(settings_of(url, data_dir, **more), url, data_dir, clock, ephemeral)
    await built.database.open()
    await built.journal.open()
    await built.ephemeral.open()
    await built.hashing.open()
    await built.keyring.open(built.settings.tokens.signing_algorithm)
    try:
        yield built
    finally:
        await built.sessions.close()
        await built.hashing.close()
        await built.ephemeral.close()
        await built.journal.close()
        await built.database.close()


def _build(
    settings: Settings,
    url: str,
    data_dir: Path,
    clock: FixedClock,
    ephemeral: Ephemeral | None,
) -> House:
    entropy = SystemEntropy()
    database = Database.build(url)
    meter = Meter(METRICS)
    journal = Journal(
        database,
        meter,
        clock,
        entropy,
        settings.audit,
        emitter=Emitter(entropy.bytes(4).hex()),
        data_dir=data_dir,
    )
    keyring = Keyring(database, Vault(Secret(SECRET_KEY)), clock)
    urls = Urls(settings.web.issuer)
    csrf = Csrf(b"k" * 32, urls)
    jwt = Jwt(keyring, settings.web.issuer, clock)
    ephemeral = ephemeral or MemoryEphemeral(clock)
    hashing = Hashing(settings.passwords, meter)
    limits = {
        ThrottleSubject.ACCOUNT: settings.login.max_attempts,
        ThrottleSubject.ADDRESS: settings.login.address_max_attempts,
        ThrottleSubject.USER_CODE: settings.login.max_attempts,
    }
    throttle = Throttle(ephemeral, journal, entropy, limits, settings.login.window)
    sessions = Sessions(
        database,
        journal,
        meter,
        clock,
        entropy,
        jwt,
        settings.web.issuer,
        settings.login,
        settings.tokens,
    )
    accounts = Accounts(database, journal, clock, entropy, on_disable=(sessions.shut_out,))
    passwords = Passwords(database, journal, hashing, clock, accounts)
    return House(
        settings=settings,
        database=database,
        journal=journal,
        meter=meter,
        clock=clock,
        entropy=entropy,
        ephemeral=ephemeral,
        hashing=hashing,
        keyring=keyring,
        jwt=jwt,
        urls=urls,
        csrf=csrf,
        throttle=throttle,
        accounts=accounts,
        passwords=passwords,
        sessions=sessions,
        login=Login(database, journal, accounts, passwords, sessions, throttle),
        door=Doorkeeper(sessions, csrf, urls),
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gatewatch.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def home(house_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house on each engine."""
    async with house(house_url, tmp_path) as built:
        yield built
