"""The audit log; the variables are those of AuthGate's guide."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from gatewatch.catalogue.retention import RetentionClass
from gatewatch.settings.declare import Form, Setting
from gatewatch.settings.durations import format_duration, parse_duration
from gatewatch.settings.forms import FLAG, PATH, WEB_URL, duration, whole


def _read_by_class(text: str) -> tuple[tuple[RetentionClass, timedelta], ...]:
    pairs = (part.partition("=") for part in text.replace(" ", "").split(",") if part)
    try:
        by_class = {RetentionClass(name): parse_duration(length) for name, _, length in pairs}
    except ValueError:
        known = ", ".join(RetentionClass)
        fix = f"give classes and durations, as in tokens=720h; the classes are {known}"
        raise ValueError(fix) from None
    return tuple(by_class.items())


def _write_by_class(by_class: tuple[tuple[RetentionClass, timedelta], ...]) -> str:
    return ",".join(f"{name}={format_duration(length)}" for name, length in by_class)


_BY_CLASS: Final = Form("classes and durations", _read_by_class, _write_by_class)


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
    retention_by_class: Annotated[
        tuple[tuple[RetentionClass, timedelta], ...],
        Setting(
            "GATEWATCH_AUDIT_RETENTION_BY_CLASS",
            _BY_CLASS,
            "How long records of a class are kept instead, such as `security=17520h,tokens=720h`; "
            f"the classes are {', '.join(f'`{each}`' for each in RetentionClass)}.",
        ),
    ] = ()
    retention_floor: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_AUDIT_RETENTION_FLOOR",
            duration(timedelta(0)),
            "No record is removed sooner than this, whatever else is set.",
        ),
    ] = timedelta(0)
    archive_dir: Annotated[
        Path | None,
        Setting(
            "GATEWATCH_AUDIT_ARCHIVE_DIR",
            PATH,
            "Where records are written, as compressed NDJSON with their seals, before they are "
            "removed; without it they are not.",
        ),
    ] = None
    witness_file: Annotated[
        Path | None,
        Setting(
            "GATEWATCH_AUDIT_WITNESS_FILE",
            PATH,
            "A file that every signed checkpoint of the audit log is added to; best on another "
            "machine's disk.",
        ),
    ] = None
    witness_url: Annotated[
        str | None,
        Setting(
            "GATEWATCH_AUDIT_WITNESS_URL",
            WEB_URL,
            "An address that signed checkpoints of the audit log are posted to, as text.",
        ),
    ] = None
