"""Issues tokens, replaces them, says what they are worth, and takes them back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Change, Database, Work
from gatewatch.backends.keys.jwt import Jwt
from gatewatch.backends.telemetry.meter import Meter
from gatewatch.catalogue.events.tokens import (
    AccessTokenIssued,
    RefreshTokenIssued,
    RefreshTokenReplayed,
    TokenRefreshed,
    TokenRevoked,
)
from gatewatch.catalogue.metrics import TOKEN_CHECKS, TOKEN_REFRESHES
from gatewatch.catalogue.outcomes import (
    GrantType,
    RevocationReason,
    TokenCheck,
    TokenKind,
    TokenRefresh,
)
from gatewatch.kernel.actor import Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId, ClientId, FamilyId, TokenId, earliest, token_id
from gatewatch.kernel.secrets import Entropy, url_token
from gatewatch.kernel.time import Clock, epoch_seconds
from gatewatch.oauth.clients.rules import AuthenticatedClient, ClientType
from gatewatch.oauth.clients.service import require_grant, scope_for
from gatewatch.oauth.tokens import store
from gatewatch.oauth.tokens.rules import (
    Grant,
    Token,
    is_it,
    judge_check,
    judge_refresh,
    may_outlast,
    may_see,
    token_id_of,
)
from gatewatch.protocol.scopes import Scopes, parse_scope, scope_text
from gatewatch.settings import TokenSettings

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type (RFC 9068 section 2.1)

KEPT_FOR: Final = timedelta(hours=1)
"""How long a token is kept beyond its end: the clocks of several hosts differ."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens, as they are handed over once; what is kept of them is their digests."""

    access_token: str
    expires_in: int
    scope: Scopes
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class _Minted:
    id: TokenId
    text: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Everything that access and refresh tokens go through."""

    database: Database
    journal: Journal
    meter: Meter
    clock: Clock
    entropy: Entropy
    jwt: Jwt
    issuer: str
    settings: TokenSettings

    async def client_credentials(
        self, client: AuthenticatedClient, scope: str | None, origin: Origin
    ) -> Issued:
        """Give a client a token of its own (RFC 6749 section 4.4), without a refresh token.

        Raises:
            Refusal: unauthorized_client, invalid_scope.
        """
        require_grant(client, GrantType.CLIENT_CREDENTIALS)
        grant = Grant(client.id, scope_for(client, scope), GrantType.CLIENT_CREDENTIALS)
        change = Change()
        issued = await self.issue(change, grant, client, self.clock.now(), origin)
        await self.database.commit(change)
        return issued

    async def issue(
        self,
        change: Change,
        grant: Grant,
        client: AuthenticatedClient,
        now: datetime,
        origin: Origin,
    ) -> Issued:
        """Add a grant's first tokens to the change that earned them."""
        ends = _second(now) + self.settings.access_expiry
        access = self._mint_access(change, grant, now, ends)
        event = AccessTokenIssued(
            token_id=access.id,
            client_id=grant.client_id,
            account_id=grant.account_id,
            grant_type=grant.grant_type,
            scope=scope_text(grant.scope),
        )
        await self.journal.record(change, event, actor=_program(client), origin=origin)
        refresh = None
        if grant.family_id is not None and may_outlast(client.grant_types, grant.scope):
            refresh = await self._issue_refresh(change, grant, client, now, origin)
        return self._handed_over(access, grant, now, ends, refresh)

    async def refresh(
        self, presented: str, scope: str | None, client: AuthenticatedClient, origin: Origin
    ) -> Issued:
        """Spend a refresh token on an access token and the next refresh token.

        A narrower scope is the access token's alone: the next refresh token keeps that of its
        grant (RFC 6749 section 6). A token that comes back takes its family with it (RFC 9700
        section 4.14.2).

        Raises:
            Refusal: unauthorized_client, invalid_scope, invalid_grant.
        """
        require_grant(client, GrantType.REFRESH_TOKEN)
        asked = () if scope is None else parse_scope(scope)
        if asked is None:
            raise Refusal("invalid_scope", "The scope is malformed.")
        issued = None
        token, outcome = await self._judged(presented, client, asked)
        if token is not None and outcome is TokenRefresh.REFRESHED:
            issued = await self._rotate(token, asked, client, origin)
            if issued is None:
                # Someone was faster, so it is no longer what it was.
                token, outcome = await self._judged(presented, client, asked)
        self.meter.tally(TOKEN_REFRESHES, outcome)
        if issued is not None:
            return issued
        if token is not None and outcome is TokenRefresh.REPLAYED:
            await self._revoke_replayed(token, client, origin)
        raise _refused(outcome)

    async def introspect(self, presented: str, client: AuthenticatedClient) -> Token | None:
        """The token, if it works (RFC 7662). It is counted and not recorded: it changes nothing.

        Raises:
            Refusal: invalid_client, for a client that has no secret to prove itself with.
        """
        if client.type is not ClientType.CONFIDENTIAL:
            raise Refusal("invalid_client", "Only a client that has a secret may introspect.")
        token = await self._kept(presented)
        if token is not None and not may_see(token, client.id):
            token = None
        return self._checked(token, presented)

    async def tokeninfo(self, presented: str) -> Token:
        """The access token that its holder shows.

        Raises:
            Refusal: invalid_token.
        """
        token = await self._kept(presented)
        if token is not None and token.kind is not TokenKind.ACCESS:
            token = None
        active = self._checked(token, presented)
        if active is None:
            raise Refusal("invalid_token", "The token is invalid or expired.")
        return active

    async def revoke(self, presented: str, client: AuthenticatedClient, origin: Origin) -> None:
        """Take a token back, and a refresh token's family with it (RFC 7009 section 2.1).

        A token that is unknown, already revoked, or another client's is left as it is, and
        nobody is told which.
        """
        token = await self._kept(presented)
        if token is None or not is_it(token, presented) or token.client_id != client.id:
            return
        async with self.database.work() as work:
            revoked = await self._revoke(work, token)
            if revoked:
                event = TokenRevoked(
                    token_id=token.id,
                    client_id=token.client_id,
                    account_id=token.account_id,
                    kind=token.kind,
                    reason=RevocationReason.CLIENT_REQUEST,
                    revoked=revoked,
                )
                await self.journal.record(work, event, actor=_program(client), origin=origin)

    async def revoke_all_of_account(self, work: Work, account_id: AccountId) -> int:
        """Revoke whatever an account's devices hold, and say how many tokens that were."""
        return await work.run(store.REVOKE_ACCOUNT, account_id=account_id)

    async def revoke_all_of_client(self, work: Work, client_id: ClientId) -> int:
        """Revoke whatever a client holds, and say how many tokens that were."""
        return await work.run(store.REVOKE_CLIENT, client_id=client_id)

    async def revoke_family(self, work: Work, family_id: FamilyId) -> int:
        """Revoke all that descends from one grant, and say how many tokens that were."""
        return await work.run(store.REVOKE_FAMILY, family_id=family_id)

    async def let_go(self, now: datetime) -> int:
        """Remove the tokens that ended a while ago, and say how many that were."""
        before = now - KEPT_FOR
        upto = earliest(token_id, before)
        return await store.EXPIRED.let_go(self.database, upto=upto, before=before)

    async def _kept(self, presented: str) -> Token | None:
        named = token_id_of(presented)
        row = None if named is None else await self.database.look.find(store.BY_ID, named)
        return None if row is None else store.token_of(row)

    def _checked(self, token: Token | None, presented: str) -> Token | None:
        outcome = judge_check(token, presented, self.clock.now())
        self.meter.tally(TOKEN_CHECKS, outcome)
        return token if outcome is TokenCheck.ACTIVE else None

    async def _judged(
        self, presented: str, client: AuthenticatedClient, asked: Scopes
    ) -> tuple[Token | None, TokenRefresh]:
        token = await self._kept(presented)
        return token, judge_refresh(token, presented, client.id, asked, self.clock.now())

    async def _rotate(
        self, token: Token, asked: Scopes, client: AuthenticatedClient, origin: Origin
    ) -> Issued | None:
        """Spend a refresh token on the next pair; None if it was no longer there to spend."""
        now = self.clock.now()
        whole = Grant(
            token.client_id,
            token.scope,
            GrantType.REFRESH_TOKEN,
            token.account_id,
            token.family_id,
            token.auth_time,
        )
        grant = replace(whole, scope=asked) if asked else whole
        ends = min(_second(now) + self.settings.access_expiry, token.expires_at)
        change = Change((store.SPEND, {"key": token.id}))
        access = self._mint_access(change, grant, now, ends)
        following = self._mint_refresh(change, whole, now, token.expires_at)
        event = TokenRefreshed(
            spent_token_id=token.id,
            access_token_id=access.id,
            refresh_token_id=following.id,
            family_id=token.family_id or "",
            client_id=token.client_id,
            account_id=token.account_id,
            scope=scope_text(grant.scope),
        )
        await self.journal.record(change, event, actor=_program(client), origin=origin)
        if not await self.database.commit(change):
            return None
        return self._handed_over(access, grant, now, ends, following)

    async def _revoke_replayed(
        self, token: Token, client: AuthenticatedClient, origin: Origin
    ) -> None:
        async with self.database.work() as work:
            revoked = await self._revoke(work, token)
            if revoked:
                # Once its family is gone, a token that keeps coming back is only counted.
                event = RefreshTokenReplayed(
                    token_id=token.id,
                    family_id=token.family_id or "",
                    client_id=token.client_id,
                    account_id=token.account_id,
                    revoked=revoked,
                )
                await self.journal.record(work, event, actor=_program(client), origin=origin)

    async def _revoke(self, work: Work, token: Token) -> int:
        if token.kind is TokenKind.REFRESH and token.family_id is not None:
            return await self.revoke_family(work, token.family_id)
        return await work.run(store.REVOKE, token_id=token.id)

    async def _issue_refresh(
        self,
        change: Change,
        grant: Grant,
        client: AuthenticatedClient,
        now: datetime,
        origin: Origin,
    ) -> _Minted:
        ends = _second(now) + self.settings.refresh_expiry
        refresh = self._mint_refresh(change, grant, now, ends)
        event = RefreshTokenIssued(
            token_id=refresh.id,
            client_id=grant.client_id,
            account_id=grant.account_id,
            grant_type=grant.grant_type,
            scope=scope_text(grant.scope),
        )
        await self.journal.record(change, event, actor=_program(client), origin=origin)
        return refresh

    def _mint_access(self, change: Change, grant: Grant, now: datetime, ends: datetime) -> _Minted:
        """Add a JWT access token (RFC 9068 section 2.2)."""
        issued_at = _second(now)
        access_id = token_id(now, self.entropy)
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": grant.account_id or grant.client_id,
            "aud": self.issuer,
            "client_id": grant.client_id,
            "scope": scope_text(grant.scope),
            "iat": epoch_seconds(issued_at),
            "exp": epoch_seconds(ends),
            "jti": access_id,
        }
        if grant.auth_time is not None:
            claims["auth_time"] = epoch_seconds(grant.auth_time)
        text = self.jwt.sign(
            claims, typ=ACCESS_TOKEN_TYPE, algorithm=self.settings.signing_algorithm
        )
        row = store.row_of(grant, TokenKind.ACCESS, access_id, text, issued_at, ends)
        change.add(store.ADD, row)
        return _Minted(access_id, text)

    def _mint_refresh(self, change: Change, grant: Grant, now: datetime, ends: datetime) -> _Minted:
        refresh_id = token_id(now, self.entropy)
        text = f"{refresh_id}.{url_token(self.entropy)}"
        row = store.row_of(grant, TokenKind.REFRESH, refresh_id, text, _second(now), ends)
        change.add(store.ADD, row)
        return _Minted(refresh_id, text)

    def _handed_over(
        self, access: _Minted, grant: Grant, now: datetime, ends: datetime, refresh: _Minted | None
    ) -> Issued:
        expires_in = int((ends - _second(now)).total_seconds())
        return Issued(access.text, expires_in, grant.scope, refresh.text if refresh else None)


def _second(moment: datetime) -> datetime:
    """The second that a moment is in: what a JWT says, and what is kept, are the same."""
    return moment.replace(microsecond=0)


def _program(client: AuthenticatedClient) -> Actor:
    return Actor.client(client.id, client.name)


def _refused(outcome: TokenRefresh) -> Refusal:
    if outcome is TokenRefresh.SCOPE_EXCEEDED:
        return Refusal("invalid_scope", "That scope is more than was granted.")
    return Refusal("invalid_grant", "The refresh token is invalid or expired.", outcome)
