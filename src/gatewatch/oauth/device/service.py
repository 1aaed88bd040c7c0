"""Lends a device without a keyboard a person's sign-in (RFC 8628)."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Change, Database
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.device import (
    DeviceCodeAuthorized,
    DeviceCodeDenied,
    DeviceCodeGenerated,
    DeviceCodeReplayed,
    UserCodeRefused,
)
from gatewatch.catalogue.metrics import DEVICE_POLLS, USER_CODES
from gatewatch.catalogue.outcomes import (
    DevicePoll,
    GrantType,
    ThrottleSubject,
    UserCodeLookup,
)
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.identity.throttle.rules import Standing, address_key
from gatewatch.identity.throttle.service import Throttle
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import earliest, family_id, grant_id
from gatewatch.kernel.secrets import Entropy, digest, url_token
from gatewatch.kernel.time import Clock
from gatewatch.oauth.clients.rules import AuthenticatedClient
from gatewatch.oauth.clients.service import require_grant, scope_for
from gatewatch.oauth.device import store
from gatewatch.oauth.device.rules import (
    SLOWER_BY,
    Grant,
    GrantState,
    PendingGrant,
    draw_user_code,
    grant_id_of,
    judge,
    judge_user_code,
    keeps_cadence,
    parse_user_code,
    shown,
)
from gatewatch.oauth.tokens.rules import Grant as TokenGrant
from gatewatch.oauth.tokens.service import Issued, Tokens
from gatewatch.protocol.scopes import scope_text
from gatewatch.settings import DeviceSettings

_REFUSALS: Final = {
    DevicePoll.UNKNOWN: ("invalid_grant", "The device code is invalid.", "unknown"),
    DevicePoll.REPLAYED: ("invalid_grant", "The device code is invalid.", "replayed"),
    DevicePoll.PENDING: ("authorization_pending", "The person has not decided yet."),
    DevicePoll.SLOW_DOWN: (
        "slow_down",
        f"Poll less often: wait {SLOWER_BY} seconds longer between polls from now on.",
    ),
    DevicePoll.EXPIRED: ("expired_token", "The device code has expired. Start again."),
    DevicePoll.DENIED: ("access_denied", "The person said no."),
}
"""What a device is told that gets no tokens (RFC 8628 section 3.5), and what the log is."""

KEPT_FOR: Final = timedelta(days=1)
"""How long a device that was forgotten at its code is told that the code has expired."""

_NO_SUCH_CODE: Final = (
    "No device is waiting with this code. Check it, or start again on the device: "
    "a code works once, and not for long."
)


@dataclass(frozen=True, slots=True)
class Started:
    """Codes for a device; what is kept of them is their digests."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class Device:
    """Lets a screen without a keyboard borrow a person's sign-in."""

    database: Database
    journal: Journal
    meter: Meter
    clock: Clock
    entropy: Entropy
    ephemeral: Ephemeral
    throttle: Throttle
    tokens: Tokens
    settings: DeviceSettings
    user_code_key: bytes = field(repr=False)
    """Keys the digests of user codes, which are too short to be digested without."""

    async def start(
        self, client: AuthenticatedClient, scope: str | None, origin: Origin
    ) -> Started:
        """Begin a sign-in (RFC 8628 section 3.1).

        Raises:
            Refusal: unauthorized_client, invalid_scope.
        """
        require_grant(client, GrantType.DEVICE_CODE)
        asked = scope_text(scope_for(client, scope))
        now = self.clock.now()
        named = grant_id(now, self.entropy)
        device_code = f"{named}.{url_token(self.entropy)}"
        user_code = await self._free_user_code()
        change = Change()
        change.add(
            store.ADD,
            {
                "id": named,
                "digest": digest(device_code),
                "user_code_digest": self._user_code_digest(user_code),
                "client_id": client.id,
                "scope": asked,
                "state": GrantState.PENDING.value,
                "family_id": family_id(now, self.entropy),
                "address": origin.address,
                "user_agent": origin.user_agent,
                "created_at": now,
                "expires_at": now + self.settings.code_expiry,
            },
        )
        event = DeviceCodeGenerated(grant_id=named, client_id=client.id, scope=asked)
        await self.journal.record(change, event, actor=_program(client), origin=origin)
        await self.database.commit(change)
        return Started(
            device_code,
            shown(user_code),
            int(self.settings.code_expiry.total_seconds()),
            self._interval,
        )

    async def redeem(self, device_code: str, client: AuthenticatedClient, origin: Origin) -> Issued:
        """Answer one poll (RFC 8628 section 3.4); a code is spent exactly once.

        Raises:
            Refusal: unauthorized_client; authorization_pending, slow_down, access_denied,
                expired_token, invalid_grant.
        """
        require_grant(client, GrantType.DEVICE_CODE)
        issued = None
        grant, outcome = await self._judged(device_code, client)
        if grant is not None and keeps_cadence(outcome) and await self._too_soon(grant):
            outcome = DevicePoll.SLOW_DOWN
        if grant is not None and outcome is DevicePoll.GRANTED:
            issued = await self._spend(grant, client, origin)
            outcome = DevicePoll.GRANTED if issued is not None else DevicePoll.REPLAYED
        self.meter.tally(DEVICE_POLLS, outcome)
        if issued is not None:
            return issued
        if grant is not None and outcome is DevicePoll.REPLAYED:
            await self._revoke_replayed(grant, client, origin)
        raise Refusal(*_REFUSALS[outcome])

    async def look_up(self, typed: str, signed_in: SignedIn, origin: Origin) -> PendingGrant:
        """Find the device that waits with the code a person typed.

        Codes are short, so guessing is throttled, by account and by address (section 5.1).

        Raises:
            Refusal: not_found, in the same words whatever the reason.
            Unavailable: rate_limited.
        """
        keys = _guessers(signed_in, origin)
        blocked = await self._blocked(keys, signed_in, origin)
        grant = None if blocked else await self._by_user_code(typed)
        outcome = judge_user_code(grant, self.clock.now())
        self.meter.tally(USER_CODES, UserCodeLookup.THROTTLED if blocked else outcome)
        if blocked:
            raise blocked.refusal()
        if grant is not None and outcome is UserCodeLookup.FOUND:
            return grant
        for key in keys:
            await self.throttle.failed(ThrottleSubject.USER_CODE, key)
        event = UserCodeRefused(account_id=signed_in.account.id, outcome=outcome)
        self.journal.spool(event, actor=signed_in.actor, origin=signed_in.origin(origin))
        raise Refusal("not_found", _NO_SUCH_CODE, outcome)

    async def approve(self, typed: str, signed_in: SignedIn, origin: Origin) -> PendingGrant:
        """Let the device in, as this person.

        Raises:
            Refusal: not_found, also when someone else was faster.
            Unavailable: rate_limited.
        """
        grant = await self.look_up(typed, signed_in, origin)
        event = DeviceCodeAuthorized(
            grant_id=grant.id,
            client_id=grant.client_id,
            account_id=signed_in.account.id,
            scope=scope_text(grant.scope),
        )
        change = self._decision(grant, GrantState.APPROVED, signed_in)
        where = signed_in.origin(origin)
        await self.journal.record(change, event, actor=signed_in.actor, origin=where)
        return await self._decided(grant, change)

    async def deny(self, typed: str, signed_in: SignedIn, origin: Origin) -> PendingGrant:
        """Turn the device away.

        Raises:
            Refusal: not_found, also when someone else was faster.
            Unavailable: rate_limited.
        """
        grant = await self.look_up(typed, signed_in, origin)
        event = DeviceCodeDenied(
            grant_id=grant.id, client_id=grant.client_id, account_id=signed_in.account.id
        )
        change = self._decision(grant, GrantState.DENIED, signed_in)
        where = signed_in.origin(origin)
        await self.journal.record(change, event, actor=signed_in.actor, origin=where)
        return await self._decided(grant, change)

    async def let_go(self, now: datetime) -> int:
        """Remove the grants that expired a while ago; how many there were."""
        before = now - KEPT_FOR
        upto = earliest(grant_id, before)
        return await store.EXPIRED.let_go(self.database, upto=upto, before=before)

    @property
    def _interval(self) -> int:
        return int(self.settings.interval.total_seconds())

    async def _judged(
        self, device_code: str, client: AuthenticatedClient
    ) -> tuple[Grant | None, DevicePoll]:
        named = grant_id_of(device_code)
        row = None if named is None else await self.database.look.find(store.BY_ID, named)
        grant = None if row is None else store.grant_of(row)
        return grant, judge(grant, device_code, client.id, self.clock.now())

    async def _too_soon(self, grant: Grant) -> bool:
        """Keep the cadence, which all processes share; it never touches the grant's row."""
        pace = await self.ephemeral.pace(
            grant.id, interval=self._interval, step=SLOWER_BY, ttl=self.settings.code_expiry
        )
        return pace.too_soon

    async def _spend(
        self, grant: Grant, client: AuthenticatedClient, origin: Origin
    ) -> Issued | None:
        """Turn an approved grant into tokens; None if it no longer was."""
        standing_for = TokenGrant(
            grant.client_id,
            grant.scope,
            GrantType.DEVICE_CODE,
            grant.account_id,
            grant.family_id,
            grant.auth_time,
        )
        change = Change((store.REDEEM, {"key": grant.id}))
        issued = await self.tokens.issue(change, standing_for, client, self.clock.now(), origin)
        return issued if await self.database.commit(change) else None

    async def _revoke_replayed(
        self, grant: Grant, client: AuthenticatedClient, origin: Origin
    ) -> None:
        async with self.database.work() as work:
            if await self.tokens.revoke_family(work, grant.family_id):
                # Once nothing is left to revoke, a code that keeps coming back is only counted.
                event = DeviceCodeReplayed(
                    grant_id=grant.id, client_id=grant.client_id, account_id=grant.account_id
                )
                await self.journal.record(work, event, actor=_program(client), origin=origin)

    async def _free_user_code(self) -> str:
        """Draw a code that no device has, or had within living memory of the table."""
        while True:
            drawn = draw_user_code(self.entropy)
            taken = await self.database.look.find(store.BY_USER_CODE, self._user_code_digest(drawn))
            if taken is None:
                return drawn

    async def _by_user_code(self, typed: str) -> PendingGrant | None:
        code = parse_user_code(typed)
        if code is None:
            return None
        digested = self._user_code_digest(code)
        row = await self.database.look.find(store.BY_USER_CODE, digested)
        return None if row is None else store.pending_of(row)

    async def _blocked(
        self, keys: tuple[str, ...], signed_in: SignedIn, origin: Origin
    ) -> Standing | None:
        for key in keys:
            standing = await self.throttle.admit(
                ThrottleSubject.USER_CODE, key, actor=signed_in.actor, origin=origin
            )
            if standing.is_blocked:
                return standing
        return None

    def _decision(self, grant: PendingGrant, to: GrantState, signed_in: SignedIn) -> Change:
        decision = {
            "key": grant.id,
            "state": to.value,
            "account_id": signed_in.account.id,
            "auth_time": signed_in.session.auth_time,
            "decided_at": self.clock.now(),
        }
        return Change((store.DECIDE, decision))

    async def _decided(self, grant: PendingGrant, change: Change) -> PendingGrant:
        if not await self.database.commit(change):
            raise Refusal("not_found", _NO_SUCH_CODE, "someone else was faster")
        return grant

    def _user_code_digest(self, user_code: str) -> bytes:
        return hmac.digest(self.user_code_key, user_code.encode("ascii"), hashlib.sha256)


def _guessers(signed_in: SignedIn, origin: Origin) -> tuple[str, ...]:
    """Who guesses: an account, and an address; either alone could be changed at will."""
    account = f"account:{signed_in.account.id}"
    return (account, f"address:{address_key(origin.address)}") if origin.address else (account,)


def _program(client: AuthenticatedClient) -> Actor:
    return Actor.client(client.id, client.name)
