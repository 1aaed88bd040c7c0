"""gatewatch: a self-hosted sign-in system that watches itself."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewatch.auth import Auth
    from gatewatch.identity.accounts.rules import Account, Role
    from gatewatch.identity.sessions.rules import Owner, Session, SignedIn
    from gatewatch.kernel.actor import Actor, Origin
    from gatewatch.kernel.errors import ConfigurationError, GatewatchError, Refusal, Unavailable
    from gatewatch.kernel.secrets import Secret
    from gatewatch.settings import Settings

__all__ = [
    "Account",
    "Actor",
    "Auth",
    "ConfigurationError",
    "GatewatchError",
    "Origin",
    "Owner",
    "Refusal",
    "Role",
    "Secret",
    "Session",
    "Settings",
    "SignedIn",
    "Unavailable",
]

_HOMES = {
    "Account": "gatewatch.identity.accounts.rules",
    "Actor": "gatewatch.kernel.actor",
    "Auth": "gatewatch.auth",
    "ConfigurationError": "gatewatch.kernel.errors",
    "GatewatchError": "gatewatch.kernel.errors",
    "Origin": "gatewatch.kernel.actor",
    "Owner": "gatewatch.identity.sessions.rules",
    "Refusal": "gatewatch.kernel.errors",
    "Role": "gatewatch.identity.accounts.rules",
    "Secret": "gatewatch.kernel.secrets",
    "Session": "gatewatch.identity.sessions.rules",
    "Settings": "gatewatch.settings",
    "SignedIn": "gatewatch.identity.sessions.rules",
    "Unavailable": "gatewatch.kernel.errors",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is asked for, so that a small process stays small."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Every public name, loaded or not."""
    return sorted({*globals(), *__all__})
