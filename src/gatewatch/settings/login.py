"""Sign-in and the session that follows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import duration, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """Signing in."""

    max_attempts: Annotated[
        int,
        Setting(
            "GATEWATCH_LOGIN_MAX_ATTEMPTS",
            whole(1, 1_000_000),
            "Failed sign-ins to one account within the window before further ones are refused.",
        ),
    ] = 10
    address_max_attempts: Annotated[
        int,
        Setting(
            "GATEWATCH_LOGIN_ADDRESS_MAX_ATTEMPTS",
            whole(1, 1_000_000),
            "Failed sign-ins from one address within the window before further ones are refused.",
        ),
    ] = 100
    window: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_LOGIN_WINDOW",
            duration(timedelta(seconds=1)),
            "The time within which failed sign-ins are counted together.",
        ),
    ] = timedelta(minutes=15)
    session_expiry: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_SESSION_EXPIRY",
            duration(timedelta(minutes=1)),
            "How long a session lasts at most, however busy.",
        ),
    ] = timedelta(hours=720)
    session_idle_expiry: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_SESSION_IDLE_EXPIRY",
            duration(timedelta(minutes=1)),
            "How long a session lasts unused: who comes back every day stays signed in.",
        ),
    ] = timedelta(hours=24)
