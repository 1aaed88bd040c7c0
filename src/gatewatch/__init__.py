"""gatewatch: a self-hosted sign-in system that watches itself."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewatch.auth import Auth
    from gatewatch.kernel.errors import ConfigurationError, Refusal
    from gatewatch.settings import Settings

__all__ = ["Auth", "ConfigurationError", "Refusal", "Settings"]

_HOMES = {
    "Auth": "gatewatch.auth",
    "ConfigurationError": "gatewatch.kernel.errors",
    "Refusal": "gatewatch.kernel.errors",
    "Settings": "gatewatch.settings",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is asked for, so that a small process stays small."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
