"""The first start: someone has to be able to sign in."""

from dataclasses import dataclass
from typing import Final

from gatewatch.identity.accounts.rules import Role
from gatewatch.identity.accounts.service import Accounts
from gatewatch.identity.passwords.service import Passwords
from gatewatch.kernel.actor import SYSTEM
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Entropy, Secret, url_token
from gatewatch.settings import InstanceSettings

PASSWORD_BYTES: Final = 15
"""Entropy of a generated password: 120 bits, in twenty characters."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The administrator that was just made; the password only if nobody had chosen one."""

    email: str
    password: Secret | None

    def letter(self, issuer: str) -> str:
        """Tell the operator how to sign in, this once."""
        chosen = "the one in GATEWATCH_ADMIN_PASSWORD"
        password = self.password.reveal() if self.password else chosen
        return (
            f"\nThe first administrator was made. Sign in at {issuer}/login\n\n"
            f"    email     {self.email}\n"
            f"    password  {password}\n\n"
            "The password is not shown again.\n\n"
        )


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Makes the first administrator."""

    accounts: Accounts
    passwords: Passwords
    entropy: Entropy
    settings: InstanceSettings

    async def ensure(self) -> Welcome | None:
        """Make an administrator if there is no account at all.

        Of several processes that start at once, one makes it.
        """
        if await self.accounts.page(limit=1):
            return None
        chosen = self.settings.admin_password
        password = chosen or Secret(url_token(self.entropy, PASSWORD_BYTES))
        try:
            account = await self.passwords.register(
                self.settings.admin_email, password.reveal(), role=Role.ADMIN, by=SYSTEM
            )
        except Refusal as refusal:
            if refusal.code == "conflict":
                return None
            raise
        return Welcome(account.email, None if chosen else password)
