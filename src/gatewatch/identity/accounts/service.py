"""Accounts: created, found, disabled, and enabled again."""

from dataclasses import dataclass, replace
from typing import Protocol

from gatewatch.audit.journal import Journal
from gatewatch.backends.database import Change, Database, Work
from gatewatch.catalogue.events.accounts import AccountCreated, AccountDisabled, AccountEnabled
from gatewatch.identity.accounts import rules, store
from gatewatch.identity.accounts.rules import Account, AccountStatus, Disabling, Flaw, Role
from gatewatch.kernel import ids
from gatewatch.kernel.actor import NOWHERE, Actor, Origin
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock


class OnDisable(Protocol):
    """Takes away what a disabled account holds, in the same unit of work."""

    async def __call__(
        self, work: Work, account_id: AccountId, *, by: Actor, origin: Origin
    ) -> None:
        """Take it away; `by` and `origin` are who disabled the account, and from where."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may sign in."""

    database: Database
    journal: Journal
    clock: Clock
    entropy: Entropy
    on_disable: tuple[OnDisable, ...] = ()

    async def create(
        self,
        email: str,
        *,
        role: Role = Role.USER,
        username: str | None = None,
        display_name: str | None = None,
        by: Actor,
        origin: Origin = NOWHERE,
    ) -> Account:
        """Create an account that has no factor to sign in with yet.

        Raises:
            Refusal: invalid_input for names that cannot be kept, conflict for ones that are taken.
        """
        account = self.draft(email, role=role, username=username, display_name=display_name)
        async with self.database.work() as work:
            added = await self.add(work, account, by=by, origin=origin)
        if not added:
            raise taken()
        return account

    def draft(
        self,
        email: str,
        *,
        role: Role = Role.USER,
        username: str | None = None,
        display_name: str | None = None,
    ) -> Account:
        """Draw up an account, for `add` to keep.

        Raises:
            Refusal: invalid_input, when it cannot be called so.
        """
        names = rules.name(email, username, display_name)
        if isinstance(names, Flaw):
            raise Refusal("invalid_input", names.value)
        now = self.clock.now()
        return Account(
            id=ids.account_id(now, self.entropy),
            email=names.email,
            username=names.username,
            display_name=names.display_name,
            role=role,
            status=AccountStatus.ACTIVE,
            created_at=now,
        )

    async def add(
        self, work: Work, account: Account, *, by: Actor, origin: Origin = NOWHERE
    ) -> bool:
        """Keep a drafted account within a larger work; False if one of its names is taken."""
        if not await store.add(work, account):
            return False
        created = AccountCreated(
            account_id=account.id, email=account.email, role=account.role.value
        )
        await self.journal.record(work, created, actor=by, origin=origin)
        return True

    async def by_id(self, account_id: AccountId) -> Account | None:
        """The account with this id."""
        return await store.by_id(self.database.look, account_id)

    async def by_identifier(self, identifier: str) -> Account | None:
        """The account that someone means by their email or username, however they spell it."""
        spelled = rules.normalised(identifier)
        if rules.is_email(spelled):
            return await store.by_email(self.database.look, spelled)
        return await store.by_username(self.database.look, spelled)

    async def page(self, after: AccountId | None = None, limit: int = 50) -> tuple[Account, ...]:
        """At most `limit` accounts, the newest first, from behind `after` on."""
        return await store.page(self.database.look, after, limit)

    def while_active(self, account: Account) -> Change:
        """A change that comes about only if the account is still active when it is made."""
        return store.while_active(account.id)

    async def disable(
        self, account_id: AccountId, *, by: Actor, origin: Origin = NOWHERE
    ) -> Account:
        """Shut an account out, and take away what it holds, in one work.

        Disabling what is disabled changes nothing.

        Raises:
            Refusal: not_found; conflict, for the last administrator that can sign in.
        """
        async with self.database.work() as work:
            active_admins = await store.lock_active_admins(work)
            account = await store.by_id(work, account_id)
            outcome = rules.judge_disabling(account, active_admins=active_admins)
            if account is not None and outcome is Disabling.DISABLED:
                await self._disable(work, account, by, origin)
        if account is None:
            raise _unknown()
        if outcome is Disabling.LAST_ADMIN:
            raise Refusal("conflict", "This is the last administrator who can sign in.")
        return replace(account, status=AccountStatus.DISABLED)

    async def _disable(self, work: Work, account: Account, by: Actor, origin: Origin) -> None:
        if not await store.move(work, account, to=AccountStatus.DISABLED, now=self.clock.now()):
            return
        for take_away in self.on_disable:
            await take_away(work, account.id, by=by, origin=origin)
        disabled = AccountDisabled(account_id=account.id, email=account.email)
        await self.journal.record(work, disabled, actor=by, origin=origin)

    async def enable(
        self, account_id: AccountId, *, by: Actor, origin: Origin = NOWHERE
    ) -> Account:
        """Let a disabled account sign in again. Enabling what is active changes nothing.

        Raises:
            Refusal: not_found.
        """
        async with self.database.work() as work:
            account = await store.by_id(work, account_id)
            if account is not None and not account.is_active:
                await self._enable(work, account, by, origin)
        if account is None:
            raise _unknown()
        return replace(account, status=AccountStatus.ACTIVE)

    async def _enable(self, work: Work, account: Account, by: Actor, origin: Origin) -> None:
        if await store.move(work, account, to=AccountStatus.ACTIVE, now=self.clock.now()):
            enabled = AccountEnabled(account_id=account.id, email=account.email)
            await self.journal.record(work, enabled, actor=by, origin=origin)


def taken() -> Refusal:
    """What someone is told who asks for a name that another account has."""
    return Refusal("conflict", "There is an account with that email or username.")


def _unknown() -> Refusal:
    return Refusal("not_found", "There is no such account.")
