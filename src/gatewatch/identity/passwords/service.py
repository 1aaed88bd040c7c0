"""Passwords: set, verified, and hashed anew when their cost has changed."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NewType

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Database, Work
from gatewatch.backends.hashing import Hashing, Verified
from gatewatch.catalogue.events.accounts import PasswordRehashed
from gatewatch.identity.accounts.rules import Account, Role
from gatewatch.identity.accounts.service import Accounts, taken
from gatewatch.identity.passwords import rules, store
from gatewatch.identity.passwords.rules import PasswordCheck
from gatewatch.kernel.actor import NOWHERE, SYSTEM, Actor, Origin
from gatewatch.kernel.errors import Refusal, Unavailable
from gatewatch.kernel.ids import AccountId
from gatewatch.kernel.time import Clock
from gatewatch.settings import PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH

Encoded = NewType("Encoded", str)
"""The hash of a password that was found good; only `Passwords.encode` makes one."""

_NOBODY: Final = AccountId("")


@dataclass(frozen=True, slots=True)
class Passwords:
    """The first factor."""

    database: Database
    journal: Journal
    hashing: Hashing
    clock: Clock
    accounts: Accounts

    async def register(
        self,
        email: str,
        password: str,
        *,
        role: Role = Role.USER,
        username: str | None = None,
        display_name: str | None = None,
        by: Actor,
        origin: Origin = NOWHERE,
    ) -> Account:
        """Create an account that signs in with a password, in one work.

        Raises:
            Refusal: invalid_input for names or a password that cannot be kept; conflict for
                names that are taken.
            Unavailable: too many passwords are being hashed.
        """
        account = self.accounts.draft(
            email, role=role, username=username, display_name=display_name
        )
        encoded = await self.encode(password)
        async with self.database.work() as work:
            added = await self.accounts.add(work, account, by=by, origin=origin)
            if added:
                await self.set(work, account.id, encoded)
        if not added:
            raise taken()
        return account

    async def encode(self, password: str) -> Encoded:
        """Hash a new password, ahead of the work that sets it.

        Raises:
            Refusal: invalid_input, when it does not do.
            Unavailable: too many are being hashed.
        """
        flaw = rules.flaw(password, at_least=PASSWORD_MIN_LENGTH, at_most=PASSWORD_MAX_LENGTH)
        if flaw is not None:
            raise Refusal("invalid_input", flaw)
        return Encoded(await self.hashing.hash(password))

    async def set(self, work: Work, account_id: AccountId, encoded: Encoded) -> None:
        """Give an account a password, in place of the one it had."""
        await store.put(work, account_id, encoded, self.clock.now())

    async def verify(self, account_id: AccountId | None, password: str) -> PasswordCheck:
        """Check a password; for nobody (None), and for none, it takes as long.

        Raises:
            Unavailable: too many are being checked.
        """
        # Looked for even so: a password too long to be hashed would tell by the time it takes.
        encoded = await store.by_account(self.database.look, account_id or _NOBODY)
        match await self.hashing.verify(encoded, password):
            case Verified.MISMATCH if encoded is None:
                return PasswordCheck.ABSENT
            case Verified.MISMATCH:
                return PasswordCheck.MISMATCHED
            case Verified.STALE if account_id is not None and encoded is not None:
                # The password is right: that its hash cannot be renewed just now bars nobody.
                with suppress(Unavailable):
                    await self._rehash(account_id, encoded, password)
        return PasswordCheck.MATCHED

    async def _rehash(self, account_id: AccountId, seen: str, password: str) -> None:
        anew = await self.hashing.hash(password)
        change = store.rehash(account_id, seen=seen, anew=anew)
        rehashed = PasswordRehashed(account_id=account_id)
        await self.journal.record(change, rehashed, actor=SYSTEM, origin=NOWHERE)
        await self.database.commit(change)
