"""Sessions: opened, checked, refreshed, listed, and ended."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Change, Database, Work
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.keys.jwt import Jwt, Rejection
from gatewatch.backends.telemetry.logs import Log, logger
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.access import AccessRefused
from gatewatch.catalogue.events.login import LoggedOut
from gatewatch.catalogue.events.sessions import (
    SessionEnded,
    SessionRefreshed,
    SessionRefreshReplayed,
)
from gatewatch.catalogue.metrics import SESSION_CACHE, SESSION_CHECKS, SESSION_REFRESHES
from gatewatch.catalogue.outcomes import (
    AccessRefusal,
    CacheLookup,
    LoginMethod,
    SessionCheck,
    SessionEnding,
    SessionRefresh,
)
from gatewatch.identity.accounts.rules import Account
from gatewatch.identity.sessions import rules, store
from gatewatch.identity.sessions.rules import (
    Credential,
    Digests,
    Kept,
    Opened,
    Owner,
    Refreshed,
    RefreshToken,
    Session,
    SignedIn,
    Tokens,
    Via,
)
from gatewatch.kernel import ids
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId, SessionId
from gatewatch.kernel.secrets import Entropy, digest, url_token
from gatewatch.kernel.time import Clock, epoch_seconds
from gatewatch.settings import LoginSettings, TokenSettings

TOKEN_TYPE: Final = "session+jwt"  # noqa: S105 - a kind of token (RFC 8725 section 3.11)

ASSURANCE: Final = "AAL1"
"""One factor (NIST SP 800-63B section 2.1)."""

KEPT_FOR: Final = timedelta(days=7)
"""How long a session is kept that has ended or grown too old, for who looks into it."""

_SIGNED_OUT: Final = "Sign in to do that."
_log: Final[Log] = logger("gatewatch.middleware.auth")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who is signed in. What one process ends, ends in all.

    Every check reads the database, or the `cache` that stands before it where there is Redis.
    """

    database: Database
    journal: Journal
    meter: Meter
    clock: Clock
    entropy: Entropy
    jwt: Jwt
    issuer: str
    login: LoginSettings
    tokens: TokenSettings
    cache: Ephemeral | None = None
    _errands: dict[str, asyncio.Task[None]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    async def close(self) -> None:
        """Let what nobody waits for come to its end."""
        await asyncio.gather(*self._errands.values(), return_exceptions=True)

    def open(
        self, change: Change, account: Account, *, method: LoginMethod, origin: Origin
    ) -> Opened:
        """Add a new session to the change that admits someone."""
        now = self.clock.now()
        session = Session(
            id=ids.session_id(now, self.entropy),
            account_id=account.id,
            created_at=now,
            last_active_at=now,
            expires_at=now + self.login.session_expiry,
            ended_at=None,
            user_agent=origin.user_agent,
            ip_address=origin.address,
            auth_method=method,
            auth_time=now,
        )
        page, lineage, refresh = (url_token(self.entropy) for _ in range(3))
        store.add(change, session, Digests(digest(page), digest(lineage), digest(refresh)))
        owner = Owner(
            account.id,
            account.email,
            account.username,
            account.display_name,
            account.role,
            account.status,
        )
        token = RefreshToken(session.id, lineage, refresh)
        tokens = self._tokens(session, owner, token, now)
        return Opened(session, owner, f"{session.id}.{page}", tokens)

    async def check(self, credentials: Sequence[Credential]) -> SignedIn | SessionCheck:
        """Find who is signed in: the first credential that is good, or what the last one was."""
        found: SignedIn | SessionCheck = SessionCheck.MISSING
        for credential in credentials:
            found = await self._check(credential)
            if isinstance(found, SignedIn):
                break
        outcome = SessionCheck.VALID if isinstance(found, SignedIn) else found
        self.meter.tally(SESSION_CHECKS, outcome)
        return found

    async def refresh(self, presented: str | None, *, origin: Origin) -> Refreshed:
        """Replace a session's access and refresh tokens; the session grows no older for it.

        A refresh token that was spent before ends the session: two hold it, and which of them is
        the thief cannot be known (RFC 9700 section 4.14.2).

        Raises:
            Refusal: authentication_required, in the same words whatever the reason.
        """
        refreshed, outcome = await self._refresh(presented, origin)
        self.meter.tally(SESSION_REFRESHES, outcome)
        if refreshed is None:
            raise Refusal("authentication_required", _SIGNED_OUT, f"refresh token: {outcome}")
        return refreshed

    async def list(self, account_id: AccountId) -> tuple[Session, ...]:
        """An account's sessions that are open, the busiest first."""
        now = self.clock.now()
        found = await store.open_of(self.database.look, account_id, now)
        idle = self.login.session_idle_expiry
        return tuple(each for each in found if not rules.is_over(each, now, idle))

    async def log_out(self, signed_in: SignedIn, *, origin: Origin) -> None:
        """End the session that asks for it."""
        await self._log_out(signed_in.session, signed_in.account, signed_in.origin(origin))

    async def log_out_by_refresh_token(self, presented: str, *, origin: Origin) -> None:
        """End the session whose refresh token is given, even a spent one; else do nothing."""
        token = rules.parse_refresh_token(presented)
        if token is None:
            return
        kept = await store.by_id(self.database.look, token.session_id)
        if kept is not None and rules.descends(kept, token):
            await self._log_out(kept.session, kept.owner, origin)

    async def end(self, session_id: SessionId, *, by: SignedIn, origin: Origin) -> None:
        """End one of someone's own sessions.

        Raises:
            Refusal: not_found, when it is not theirs or has ended.
        """
        why = SessionEnding.ENDED_BY_OWNER
        kept = await store.by_id(self.database.look, session_id)
        if kept is None or kept.session.account_id != by.account.id:
            raise _not_found()
        change = store.end(session_id, why=why, now=self.clock.now())
        event = _ended(session_id, by.account.id, why)
        await self.journal.record(change, event, actor=by.actor, origin=by.origin(origin))
        if not await self._commit_end(session_id, change):
            raise _not_found()

    async def end_everywhere(self, by: SignedIn, *, origin: Origin) -> int:
        """End all of someone's own sessions, the one that asks included; how many there were."""
        async with self.database.work() as work:
            ended = await self._end_all(
                work,
                by.account.id,
                SessionEnding.ENDED_BY_OWNER,
                by=by.actor,
                origin=by.origin(origin),
            )
        await self._mark_ended(ended)
        return len(ended)

    async def shut_out(
        self, work: Work, account_id: AccountId, *, by: Actor, origin: Origin
    ) -> None:
        """End all sessions of an account that is being disabled, within that work."""
        why = SessionEnding.ACCOUNT_DISABLED
        ended = await self._end_all(work, account_id, why, by=by, origin=origin)
        work.after_commit(lambda: self._run(f"shut out {account_id}", self._mark_ended(ended)))

    async def let_go(self, now: datetime) -> int:
        """Remove the sessions that were over a while ago; how many there were."""
        before = now - KEPT_FOR
        upto = ids.earliest(ids.session_id, before)
        return await store.OVER.let_go(self.database, upto=upto, before=before)

    async def _end_all(
        self, work: Work, account_id: AccountId, why: SessionEnding, *, by: Actor, origin: Origin
    ) -> Sequence[SessionId]:
        now = self.clock.now()
        ended = []
        for session in await store.open_of(work, account_id, now):
            if await store.end_in(work, session, why=why, now=now):
                event = _ended(session.id, account_id, why)
                await self.journal.record(work, event, actor=by, origin=origin)
                ended.append(session.id)
        return ended

    async def _mark_ended(self, ended: Sequence[SessionId]) -> None:
        if self.cache is not None:
            await asyncio.gather(*[store.mark_ended(self.cache, each) for each in ended])

    def turn_away(self, signed_in: SignedIn, reason: AccessRefusal, *, origin: Origin) -> None:
        """Record that someone signed in asked for what they may not do."""
        event = AccessRefused(account_id=signed_in.account.id, reason=reason)
        self.journal.spool(event, actor=signed_in.actor, origin=signed_in.origin(origin))

    async def _check(self, credential: Credential) -> SignedIn | SessionCheck:
        if credential.via is Via.PAGE:
            kept = await self._by_page_token(credential.token)
        else:
            kept = await self._by_access_token(credential.token)
        if isinstance(kept, SessionCheck):
            return kept
        now = self.clock.now()
        outcome = rules.judge_check(kept, now=now, idle_expiry=self.login.session_idle_expiry)
        if kept is None or outcome is not SessionCheck.VALID:
            return outcome
        self._touch(kept, now)
        return SignedIn(kept.owner, kept.session, credential.via)

    async def _by_page_token(self, presented: str) -> Kept | SessionCheck | None:
        token = rules.parse_page_token(presented)
        if token is None:
            return SessionCheck.MALFORMED
        kept = await self._find(token.session_id)
        return kept if kept is not None and rules.opens(kept, token) else None

    async def _by_access_token(self, presented: str) -> Kept | SessionCheck | None:
        match await self.jwt.verify(presented, typ=TOKEN_TYPE):
            case Rejection.EXPIRED:
                return SessionCheck.EXPIRED
            case Rejection():
                return SessionCheck.MALFORMED
            case claims:
                return await self._find(SessionId(claims["sid"]))

    async def _find(self, session_id: SessionId) -> Kept | None:
        if self.cache is None:
            return await store.by_id(self.database.look, session_id)
        cached = await store.cached(self.cache, session_id)
        self.meter.tally(SESSION_CACHE, CacheLookup.HIT if cached else CacheLookup.MISS)
        if cached is not None:
            return cached
        kept = await store.by_id(self.database.look, session_id)
        if kept is not None:
            await store.keep_cached(self.cache, kept)
        return kept

    def _touch(self, kept: Kept, now: datetime) -> None:
        """Note down that a session is in use: at most once a minute, unawaited."""
        if rules.is_due(kept.session, now) and kept.session.id not in self._errands:
            self._run(kept.session.id, self._note_use(kept, now))

    async def _note_use(self, kept: Kept, now: datetime) -> None:
        await self.database.commit(store.touch(kept.session.id, now))
        if self.cache is not None:
            used = replace(kept.session, last_active_at=now)
            await store.keep_cached(self.cache, replace(kept, session=used))

    def _run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        """Run what nobody waits for; if it fails, nobody but the log is told."""
        running = self._errands[name] = asyncio.ensure_future(errand)
        running.add_done_callback(lambda done: self._over(name, done))

    def _over(self, name: str, done: asyncio.Task[None]) -> None:
        self._errands.pop(name, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.warning("a session's state was not kept", error=type(error).__name__)

    async def _refresh(
        self, presented: str | None, origin: Origin
    ) -> tuple[Refreshed | None, SessionRefresh]:
        if not presented:
            return None, SessionRefresh.MISSING
        token = rules.parse_refresh_token(presented)
        if token is None:
            return None, SessionRefresh.UNKNOWN
        now = self.clock.now()
        kept = await store.by_id(self.database.look, token.session_id)
        outcome = rules.judge_refresh(
            kept, token, now=now, idle_expiry=self.login.session_idle_expiry
        )
        if kept is None:
            return None, outcome
        if outcome is SessionRefresh.REFRESHED:
            refreshed = await self._rotate(kept, token, now, origin)
            if refreshed is not None:
                return refreshed, outcome
            outcome = SessionRefresh.REPLAYED
        if outcome is SessionRefresh.REPLAYED:
            await self._end_replayed(kept, now, origin)
        return None, outcome

    async def _rotate(
        self, kept: Kept, token: RefreshToken, now: datetime, origin: Origin
    ) -> Refreshed | None:
        """Spend a refresh token on the next; None if another did meanwhile."""
        session, owner = kept.session, kept.owner
        anew = RefreshToken(session.id, token.lineage, url_token(self.entropy))
        change = store.rotate(kept, anew=digest(anew.secret), now=now)
        event = SessionRefreshed(account_id=owner.id, session_id=session.id)
        await self.journal.record(change, event, actor=owner.actor, origin=origin)
        if not await self.database.commit(change):
            return None
        return Refreshed(session, self._tokens(session, owner, anew, now))

    async def _end_replayed(self, kept: Kept, now: datetime, origin: Origin) -> None:
        session, owner = kept.session, kept.owner
        why = SessionEnding.REFRESH_REPLAYED
        change = store.end(session.id, why=why, now=now)
        event = SessionRefreshReplayed(account_id=owner.id, session_id=session.id)
        await self.journal.record(change, event, actor=owner.actor, origin=origin)
        await self._commit_end(session.id, change)

    async def _log_out(self, session: Session, owner: Owner, origin: Origin) -> None:
        why = SessionEnding.LOGGED_OUT
        change = store.end(session.id, why=why, now=self.clock.now())
        event = LoggedOut(account_id=owner.id, session_id=session.id)
        await self.journal.record(change, event, actor=owner.actor, origin=origin)
        await self._commit_end(session.id, change)

    async def _commit_end(self, session_id: SessionId, change: Change) -> bool:
        if self.cache is not None:
            await store.mark_ended(self.cache, session_id)
        return await self.database.commit(change)

    def _tokens(
        self, session: Session, owner: Owner, refresh: RefreshToken, now: datetime
    ) -> Tokens:
        expires_at = min(now + self.tokens.access_expiry, session.expires_at)
        claims = {
            "iss": self.issuer,
            "sub": owner.id,
            "sid": session.id,
            "email": owner.email,
            "role": owner.role.value,
            "aal": ASSURANCE,
            "auth_method": session.auth_method.value,
            "iat": epoch_seconds(now),
            "exp": epoch_seconds(expires_at),
        }
        return Tokens(
            self.jwt.sign(claims, typ=TOKEN_TYPE, algorithm=self.tokens.signing_algorithm),
            str(refresh),
            _seconds(expires_at - now),
            _seconds(session.expires_at - now),
        )


def _ended(session_id: SessionId, account_id: AccountId, why: SessionEnding) -> SessionEnded:
    return SessionEnded(account_id=account_id, session_id=session_id, reason=why)


def _not_found() -> Refusal:
    return Refusal("not_found", "There is no such session.")


def _seconds(duration: timedelta) -> int:
    return duration // timedelta(seconds=1)
