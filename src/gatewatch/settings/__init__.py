"""Typed settings: the only reader of the environment and of ``.env``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from gatewatch.kernel.errors import ConfigurationError
from gatewatch.settings.audit import AuditSettings
from gatewatch.settings.database import DatabaseSettings
from gatewatch.settings.declare import Setting, Source, declared_in
from gatewatch.settings.device import DeviceSettings
from gatewatch.settings.instance import InstanceSettings
from gatewatch.settings.load import Given, Reading, gather
from gatewatch.settings.login import LoginSettings
from gatewatch.settings.passwords import PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH, PasswordSettings
from gatewatch.settings.telemetry import LogFormat, MetricsAccess, TelemetrySettings
from gatewatch.settings.tokens import SigningAlgorithm, TokenSettings
from gatewatch.settings.web import WebSettings

__all__ = [
    "PASSWORD_MAX_LENGTH",
    "PASSWORD_MIN_LENGTH",
    "SECTIONS",
    "AuditSettings",
    "DatabaseSettings",
    "DeviceSettings",
    "InstanceSettings",
    "LogFormat",
    "LoginSettings",
    "MetricsAccess",
    "PasswordSettings",
    "Settings",
    "Shown",
    "SigningAlgorithm",
    "Source",
    "TelemetrySettings",
    "TokenSettings",
    "WebSettings",
]

SECTIONS: Final[Mapping[str, type]] = {
    "instance": InstanceSettings,
    "web": WebSettings,
    "database": DatabaseSettings,
    "login": LoginSettings,
    "passwords": PasswordSettings,
    "tokens": TokenSettings,
    "device": DeviceSettings,
    "audit": AuditSettings,
    "telemetry": TelemetrySettings,
}
"""In the order they are read: a derived default may look at what comes before it."""

_DECLARED: Final[Mapping[str, Setting]] = {
    declaration.variable: declaration
    for section in SECTIONS.values()
    for _, declaration in declared_in(section)
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as it is in effect, for a person to read; secrets are masked."""

    variable: str
    value: str
    source: Source
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. A slice is handed its section, not the tree."""

    instance: InstanceSettings
    web: WebSettings
    database: DatabaseSettings
    login: LoginSettings
    passwords: PasswordSettings
    tokens: TokenSettings
    device: DeviceSettings
    audit: AuditSettings
    telemetry: TelemetrySettings
    sources: Mapping[str, Source] = field(compare=False)

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        dotenv: Path | None = Path(".env"),
        **defaults: object,
    ) -> Self:
        """Read the environment and the file; the environment wins.

        An application that embeds gatewatch gives `defaults`, named as `of` names them, for what
        neither of the two says.

        Raises:
            ConfigurationError: with every mistake there is.
        """
        given, problems = _in_code(defaults)
        gathered, more = gather(_DECLARED, environ, dotenv)
        return cls._build(given | gathered, problems + more)

    @classmethod
    def of(cls, **values: object) -> Self:
        """Take settings from code alone, by variable or by its name: ``Settings.of(port=8081)``.

        A name is the variable in lower case without ``GATEWATCH_``. Values are texts or what the
        settings hold: a `timedelta`, a `Path`, a `Secret`.

        Raises:
            ConfigurationError: with every mistake there is.
        """
        return cls._build(*_in_code(values))

    @classmethod
    def _build(cls, given: Mapping[str, Given], problems: list[str]) -> Self:
        reading = Reading(problems=list(problems))
        for variable, declaration in _DECLARED.items():
            reading.read(declaration, given.get(variable))
        reading.problems += _contradictions(reading.known)
        if reading.problems:
            raise ConfigurationError(reading.problems)
        sections: dict[str, Any] = {
            name: section(
                **{
                    each: reading.known[declared.variable]
                    for each, declared in declared_in(section)
                }
            )
            for name, section in SECTIONS.items()
        }
        return cls(**sections, sources=reading.sources)

    def shown(self) -> Iterator[Shown]:
        """Go through what is in effect, and where it came from."""
        for each in fields(self):
            if each.name not in SECTIONS:
                continue
            section = getattr(self, each.name)
            for name, declaration in declared_in(type(section)):
                value = declaration.show(getattr(section, name))
                source = self.sources[declaration.variable]
                yield Shown(declaration.variable, value, source, declaration.doc)


def _in_code(values: Mapping[str, object]) -> tuple[dict[str, Given], list[str]]:
    """Find the settings that code names, and say of a name that is none what there is."""
    by_name = {declaration.name: declaration for declaration in _DECLARED.values()}
    given: dict[str, Given] = {}
    problems = []
    for name, value in values.items():
        if (declaration := by_name.get(name) or _DECLARED.get(name)) is None:
            problems.append(f"{name} is not a setting; settings are named {', '.join(by_name)}.")
        elif value is not None:
            text = value if isinstance(value, str) else declaration.form.write(value)
            given[declaration.variable] = Given(text, Source.CODE)
    return given, problems


def _contradictions(known: Mapping[str, Any]) -> Iterator[str]:
    """Find values that are fine alone and make no sense together."""
    for less, more in (
        ("GATEWATCH_SESSION_IDLE_EXPIRY", "GATEWATCH_SESSION_EXPIRY"),
        ("GATEWATCH_ACCESS_EXPIRY_SECS", "GATEWATCH_REFRESH_EXPIRY_SECS"),
        ("GATEWATCH_DEVICE_INTERVAL_SECS", "GATEWATCH_DEVICE_CODE_EXPIRY_SECS"),
    ):
        if less in known and more in known and known[less] > known[more]:
            yield f"{less} is longer than {more}; give it less."
