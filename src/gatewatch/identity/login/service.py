"""Login: takes what someone offers as evidence, and opens a session or turns them away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database
from gatewatch.catalogue.events.login import LoginRefused, LoginSucceeded
from gatewatch.catalogue.outcomes import LoginMethod, LoginOutcome, ThrottleSubject
from gatewatch.identity.accounts.rules import Account, normalised
from gatewatch.identity.accounts.service import Accounts
from gatewatch.identity.login.rules import Admit, Refuse, next_step
from gatewatch.identity.passwords.service import Passwords
from gatewatch.identity.sessions.rules import Opened
from gatewatch.identity.sessions.service import Sessions
from gatewatch.identity.throttle.rules import address_key
from gatewatch.identity.throttle.service import Throttle
from gatewatch.kernel.actor import ANONYMOUS, Origin
from gatewatch.kernel.errors import Refusal

Counted = Sequence[tuple[ThrottleSubject, str]]
"""What an attempt's failure counts against."""

IDENTIFIER_LENGTH: Final = 300
"""Characters that are looked at of what someone says they are; no email or username has more."""

_REFUSED: Final = "The email or the password is wrong."


@dataclass(frozen=True, slots=True)
class Admitted:
    """Someone who is now signed in."""

    account: Account
    opened: Opened


@dataclass(frozen=True, slots=True)
class Login:
    """The way in."""

    database: Database
    journal: Journal
    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    throttle: Throttle

    async def offer(self, identifier: str, password: str, *, origin: Origin) -> Admitted:
        """Sign someone in by their email or username, and their password.

        Raises:
            Refusal: invalid_credentials, in the same words and as slowly whatever the reason.
            Unavailable: rate_limited after too many failures; temporarily_unavailable while too
                many are signing in.
        """
        identifier = identifier[:IDENTIFIER_LENGTH]
        account = await self.accounts.by_identifier(identifier)
        counted = _counted(account, identifier, origin)
        await self._admit(counted, origin)
        check = await self.passwords.verify(account.id if account else None, password)
        match next_step(account, check):
            case Admit(account=admitted):
                # Judged anew: while this password was checked, others may have failed too often.
                await self._admit(counted, origin)
                return await self._open(admitted, counted, origin)
            case Refuse(outcome=outcome):
                return await self._refuse(account, identifier, outcome, counted, origin)

    async def _admit(self, counted: Counted, origin: Origin) -> None:
        for subject, key in counted:
            standing = await self.throttle.admit(subject, key, origin=origin)
            if standing.is_blocked:
                raise standing.refusal()

    async def _open(self, account: Account, counted: Counted, origin: Origin) -> Admitted:
        change = self.accounts.while_active(account)
        opened = self.sessions.open(change, account, method=LoginMethod.PASSWORD, origin=origin)
        succeeded = LoginSucceeded(
            account_id=account.id,
            email=account.email,
            session_id=opened.session.id,
            method=LoginMethod.PASSWORD,
        )
        within = replace(origin, session_id=opened.session.id)
        await self.journal.record(change, succeeded, actor=account.actor, origin=within)
        if not await self.database.commit(change):
            await self._refuse(account, account.email, LoginOutcome.DISABLED, counted, origin)
        await self.throttle.forgive(ThrottleSubject.ACCOUNT, account.id)
        return Admitted(account, opened)

    async def _refuse(
        self,
        account: Account | None,
        identifier: str,
        outcome: LoginOutcome,
        counted: Counted,
        origin: Origin,
    ) -> NoReturn:
        refused = LoginRefused(
            account_id=account.id if account else None,
            identifier=identifier,
            method=LoginMethod.PASSWORD,
            outcome=outcome,
        )
        self.journal.spool(refused, actor=ANONYMOUS, origin=origin)
        standings = [await self.throttle.failed(subject, key) for subject, key in counted]
        for standing in standings:
            if standing.is_blocked:
                raise standing.refusal()
        raise Refusal("invalid_credentials", _REFUSED, f"sign-in: {outcome}")


def _counted(account: Account | None, identifier: str, origin: Origin) -> Counted:
    """An unknown account is counted like a known one, or the difference would tell."""
    known = account.id if account else normalised(identifier)
    by_account = (ThrottleSubject.ACCOUNT, known)
    if origin.address is None:
        return (by_account,)
    return (by_account, (ThrottleSubject.ADDRESS, address_key(origin.address)))
