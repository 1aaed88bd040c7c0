"""Sign-in on a device without a keyboard (RFC 8628)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """Device sign-in (RFC 8628)."""

    code_expiry: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_DEVICE_CODE_EXPIRY_SECS",
            seconds(1),
            "How long a device code and its user code are good for, in seconds.",
        ),
    ] = timedelta(seconds=1_800)
    interval: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_DEVICE_INTERVAL_SECS",
            seconds(1),
            "Seconds a device waits between polls (RFC 8628 section 3.2).",
        ),
    ] = timedelta(seconds=5)
