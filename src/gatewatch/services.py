"""Every service, built from `Settings`: the one file that knows everything."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Self
from urllib.parse import parse_qsl

from gatewatch.admin.filters import read_query
from gatewatch.admin.first_start import FirstStart
from gatewatch.audit.export import Exports
from gatewatch.audit.feed import Feed
from gatewatch.audit.formats import Observer
from gatewatch.audit.holds import Holds
from gatewatch.audit.indexer import Words
from gatewatch.audit.journal import Emitter, Journal
from gatewatch.audit.log import AuditLog
from gatewatch.audit.proofs import Proofs
from gatewatch.audit.retention import Retention
from gatewatch.audit.saved import SavedSearches
from gatewatch.audit.sealer import Sealer
from gatewatch.audit.shipper import Shipper
from gatewatch.audit.sinks.service import HEARTBEAT, Sinks
from gatewatch.backends import ephemeral as short_lived
from gatewatch.backends.database import Database, Work, migrate
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.hashing import Hashing
from gatewatch.backends.keys.jwt import Jwt
from gatewatch.backends.keys.keyring import Keyring, SigningKey
from gatewatch.backends.keys.vault import Vault
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.system import SigningKeyCreated
from gatewatch.catalogue.outcomes import JobName, ThrottleSubject
from gatewatch.http.csrf import Csrf
from gatewatch.http.pages import Pages
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.service import Accounts
from gatewatch.identity.login.service import Login
from gatewatch.identity.passwords.service import Passwords
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.service import Sessions
from gatewatch.identity.throttle.service import Throttle
from gatewatch.jobs import expire
from gatewatch.jobs.runner import Job, Runner
from gatewatch.kernel.actor import NOWHERE, SYSTEM
from gatewatch.kernel.errors import ConfigurationError
from gatewatch.kernel.ids import AccountId
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock
from gatewatch.oauth.clients.service import Clients
from gatewatch.oauth.device.service import Device
from gatewatch.oauth.tokens.service import Tokens
from gatewatch.settings import Settings
from gatewatch.watch.health.service import PROBE_SECONDS, Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What gatewatch can do, for endpoints, pages, commands, and applications that embed it."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    emitter: Emitter
    meter: Meter
    urls: Urls
    database: Database
    ephemeral: Ephemeral
    keyring: Keyring
    hashing: Hashing
    journal: Journal
    audit_log: AuditLog
    audit_words: Words
    exports: Exports
    holds: Holds
    saved_searches: SavedSearches
    sinks: Sinks
    shipper: Shipper
    proofs: Proofs
    sealer: Sealer
    csrf: Csrf
    pages: Pages
    throttle: Throttle
    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    door: Doorkeeper
    login: Login
    clients: Clients
    tokens: Tokens
    device: Device
    health: Health
    first_start: FirstStart
    jobs: Runner

    @classmethod
    def build(
        cls, settings: Settings, *, meter: Meter, clock: Clock, entropy: Entropy, emitter: Emitter
    ) -> Self:
        """Build every service; connects to nothing."""
        urls = Urls(settings.web.issuer)
        database = Database.build(
            settings.database.url.reveal(),
            schema=settings.database.schema,
            pool_size=settings.database.pool_size,
        )
        ephemeral = short_lived.build(
            database,
            redis_url=settings.database.redis_url,
            data_dir=settings.instance.data_dir,
            clock=clock,
        )
        vault = Vault(settings.instance.secret_key, entropy)
        keyring = Keyring(database, vault, clock)
        jwt = Jwt(keyring, urls.issuer, clock)
        hashing = Hashing(settings.passwords, meter, workers=settings.web.workers, entropy=entropy)
        journal = Journal(
            database,
            meter,
            clock,
            entropy,
            settings.audit,
            emitter=emitter,
            data_dir=settings.instance.data_dir,
        )
        words = Words(database)
        proofs = Proofs.of(settings, database, journal, vault, meter, clock)
        csrf = Csrf(vault.key("csrf"), urls)
        throttle = Throttle(
            ephemeral,
            journal,
            entropy,
            {
                ThrottleSubject.ACCOUNT: settings.login.max_attempts,
                ThrottleSubject.ADDRESS: settings.login.address_max_attempts,
                ThrottleSubject.USER_CODE: settings.login.max_attempts,
            },
            settings.login.window,
        )
        sessions = Sessions(
            database,
            journal,
            meter,
            clock,
            entropy,
            jwt,
            urls.issuer,
            settings.login,
            settings.tokens,
            cache=ephemeral if settings.database.redis_url else None,
        )
        tokens = Tokens(database, journal, meter, clock, entropy, jwt, urls.issuer, settings.tokens)
        accounts = Accounts(
            database, journal, clock, entropy, (sessions.shut_out, _RevokeTokens(tokens))
        )
        passwords = Passwords(database, journal, hashing, clock, accounts)
        clients = Clients(database, journal, meter, clock, entropy, (tokens.revoke_all_of_client,))
        device = Device(
            database,
            journal,
            meter,
            clock,
            entropy,
            ephemeral,
            throttle,
            tokens,
            settings.device,
            vault.key("user code"),
        )
        jobs = expire.schedule(
            settings,
            meter,
            clock,
            tokens=tokens,
            sessions=sessions,
            device=device,
            retention=Retention(
                database,
                journal,
                meter,
                settings.audit,
                Observer.here(urls.issuer),
                lambda query: read_query(parse_qsl(query), clock.now()).search,
            ),
        )
        sinks = Sinks(
            database, journal, vault, clock, entropy, Feed(database), Observer.here(urls.issuer)
        )
        jobs += (Job(JobName.SEND_HEARTBEAT, HEARTBEAT, sinks.beat),)
        return cls(
            settings=settings,
            clock=clock,
            entropy=entropy,
            emitter=emitter,
            meter=meter,
            urls=urls,
            database=database,
            ephemeral=ephemeral,
            keyring=keyring,
            hashing=hashing,
            journal=journal,
            audit_log=AuditLog(database, journal, words, clock),
            audit_words=words,
            exports=Exports(database, journal, words, Observer.here(urls.issuer)),
            holds=Holds(database, journal, clock, entropy),
            saved_searches=SavedSearches(database, clock, entropy),
            sinks=sinks,
            shipper=Shipper(sinks, journal, ephemeral, meter, clock, holder=emitter.name),
            proofs=proofs,
            sealer=Sealer(ephemeral, meter, clock, entropy, proofs.heads, holder=emitter.name),
            csrf=csrf,
            pages=Pages(urls, clock),
            throttle=throttle,
            accounts=accounts,
            passwords=passwords,
            sessions=sessions,
            door=Doorkeeper(sessions, csrf, urls),
            login=Login(database, journal, accounts, passwords, sessions, throttle),
            clients=clients,
            tokens=tokens,
            device=device,
            health=Health(partial(database.ping, PROBE_SECONDS), ephemeral.ping, clock),
            first_start=FirstStart(accounts, passwords, entropy, settings.instance),
            jobs=Runner(jobs, ephemeral, meter, clock, holder=emitter.name),
        )

    async def open(self) -> None:
        """Migrate if need be, and connect to everything, in the order that one needs the other.

        Raises:
            ConfigurationError: the database was made with another secret key.
        """
        self.settings.instance.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        algorithm = self.settings.tokens.signing_algorithm
        async with AsyncExitStack() as undo:
            await self._open_database()
            undo.push_async_callback(self.database.close)
            await self.ephemeral.open()
            undo.push_async_callback(self.ephemeral.close)
            await self.journal.open()
            undo.push_async_callback(self.journal.close)
            await self.keyring.open(algorithm, witness=self._key_made)
            await self.hashing.open()
            undo.push_async_callback(self.hashing.close)
            await self.clients.ensure_cli()
            await self.audit_words.open()
            undo.push_async_callback(self.audit_words.close)
            await self.sealer.open()
            undo.push_async_callback(self.sealer.close)
            await self.jobs.open()
            undo.push_async_callback(self.jobs.close)
            await self.shipper.open()
            undo.pop_all()

    async def close(self) -> None:
        """Flush the audit log, then disconnect: what still happens meanwhile is still recorded."""
        await self.shipper.close()
        await self.jobs.close()
        await self.audit_words.close()
        await self.sessions.close()
        await self.hashing.close()
        await self.journal.close()
        await self.sealer.close()
        await self.ephemeral.close()
        await self.database.close()

    async def _open_database(self) -> None:
        database, settings = self.database, self.settings.database
        try:
            await database.open()
        except ConfigurationError:
            is_there = False
        else:
            if await migrate.head_is_applied(database):
                return
            is_there = True
        if is_there:
            await database.close()
        await asyncio.to_thread(migrate.up, settings.url.reveal(), settings.schema)
        await database.open()

    async def _key_made(self, work: Work, key: SigningKey) -> None:
        event = SigningKeyCreated(key_id=key.id, algorithm=key.algorithm.value)
        await self.journal.record(work, event, actor=SYSTEM, origin=NOWHERE)


@dataclass(frozen=True, slots=True)
class _RevokeTokens:
    """Takes a disabled account's OAuth tokens away; the account's event says who did it."""

    tokens: Tokens

    async def __call__(self, work: Work, account_id: AccountId, **_by_whom: object) -> None:
        await self.tokens.revoke_all_of_account(work, account_id)
