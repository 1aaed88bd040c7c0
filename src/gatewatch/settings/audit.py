"""The audit log; the variables are those of AuthGate's guide."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import FLAG, duration, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """The audit log."""

    enabled: Annotated[
        bool,
        Setting("ENABLE_AUDIT_LOGGING", FLAG, "Whether what happens is written to the audit log."),
    ] = True
    retention: Annotated[
        timedelta,
        Setting(
            "AUDIT_LOG_RETENTION",
            duration(timedelta(0)),
            "How long records are kept; 0 keeps them for ever.",
        ),
    ] = timedelta(hours=2160)
    buffer_size: Annotated[
        int,
        Setting(
            "AUDIT_LOG_BUFFER_SIZE",
            whole(1, 10_000_000),
            "Records held in memory on their way to the table; what exceeds it waits on disk.",
        ),
    ] = 1_000
    cleanup_interval: Annotated[
        timedelta,
        Setting(
            "AUDIT_LOG_CLEANUP_INTERVAL",
            duration(timedelta(seconds=1)),
            "How often records beyond their time are removed.",
        ),
    ] = timedelta(hours=24)
