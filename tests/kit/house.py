"""A house: the services, over a real database, with a clock that moves when told to."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatewatch.audit.journal import Emitter, Journal
from gatewatch.audit.pages import page
from gatewatch.audit.row import AuditRow
from gatewatch.audit.search import Search
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
from tests.kit.postgres import PostgresServer

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
async def neighbour(
    url: str,
    data_dir: Path,
    clock: FixedClock,
    ephemeral: Ephemeral | None = None,
    **more: object,
) -> AsyncIterator[House]:
    """Build and open the services over a migrated database; `more` are settings by name.

    A second one over the same database, with a folder of its own, is as another process is.
    """
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


_FILE = pytest.StashKey[Path]()
_NAME = pytest.StashKey[str]()


def _migrated_file(request: pytest.FixtureRequest) -> Path:
    """Return a migrated SQLite file to copy, made once a run."""
    stash = request.config.stash
    if _FILE not in stash:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        path = factory.mktemp("migrated") / "gatewatch.db"
        migrate.up(f"sqlite:///{path}")
        stash[_FILE] = path
    return stash[_FILE]


def _migrated_name(request: pytest.FixtureRequest, server: PostgresServer) -> str:
    """Return the name of a migrated Postgres database to copy, made once a run."""
    stash = request.config.stash
    if _NAME not in stash:
        stash[_NAME] = server.create_database()
        migrate.up(server.url(stash[_NAME]))
    return stash[_NAME]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database without a row in it, of each engine in turn."""
    if request.param == "sqlite":
        path = tmp_path / "gatewatch.db"
        shutil.copyfile(_migrated_file(request), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(_migrated_name(request, server)) as url:
        yield url


@pytest.fixture
async def home(house_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house on each engine."""
    async with neighbour(house_url, tmp_path, FixedClock(NOON)) as built:
        yield built
