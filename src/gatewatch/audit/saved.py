"""Saved searches, as those who read the audit log keep them."""

from dataclasses import dataclass
from typing import Final

from gatewatch.audit import saved_store
from gatewatch.audit.saved_store import SavedSearch
from gatewatch.backends.database import Database, Taken
from gatewatch.kernel import ids
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock

NAME_LENGTH: Final = 60
"""Characters of a name, which is shown on a button."""

MOST_SAVED: Final = 50
"""Searches that one account keeps."""


@dataclass(frozen=True, slots=True)
class SavedSearches:
    """Keeps the searches that an account comes back to."""

    database: Database
    clock: Clock
    entropy: Entropy

    async def list(self, account_id: AccountId) -> list[SavedSearch]:
        """An account's searches, by name."""
        return await saved_store.of_account(self.database, account_id)

    async def save(self, account_id: AccountId, name: str, query: str) -> None:
        """Keep a search under a name.

        Raises:
            Refusal: invalid_input, without a name, or with one too long or too many; conflict,
                if the account has another of that name.
        """
        name = name.strip()
        if not 0 < len(name) <= NAME_LENGTH:
            raise Refusal("invalid_input", f"Give a name of at most {NAME_LENGTH} characters.")
        if len(await self.list(account_id)) >= MOST_SAVED:
            raise Refusal("invalid_input", f"You have {MOST_SAVED} searches; remove one first.")
        now = self.clock.now()
        search = SavedSearch(ids.search_id(now, self.entropy), name, query)
        try:
            async with self.database.work() as work:
                await saved_store.add(work, search, account_id, now)
        except Taken:
            raise Refusal("conflict", "You have a search of that name.") from None

    async def remove(self, account_id: AccountId, search_id: str) -> None:
        """Forget a search."""
        async with self.database.work() as work:
            await saved_store.remove(work, search_id, account_id)
