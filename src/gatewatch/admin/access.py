"""Who may administer."""

from gatewatch.identity.accounts.rules import Role


def may_administer(role: Role) -> bool:
    """Whether a role opens the administration's pages."""
    return role is Role.ADMIN
