"""From the environment and the ``.env`` file to values; every mistake is told at once."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from gatewatch.settings.declare import Derived, Setting, Source
from gatewatch.settings.dotenv import parse_dotenv

PREFIX: Final = "GATEWATCH_"
FILE_SUFFIX: Final = "_FILE"

_SERVICE_LINK: Final = re.compile(r"GATEWATCH_(SERVICE_(HOST|PORT.*)|PORT(_[0-9]+_(TCP|UDP).*)?)")
_LINKED_PORT: Final = re.compile(r"(tcp|udp)://.*")
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Given:
    """A text that somebody set, and where."""

    text: str
    source: Source


@dataclass(slots=True)
class Reading:
    """Values read so far, where each came from, and what is wrong."""

    known: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def read(self, declaration: Setting, given: Given | None) -> None:
        """Take the given value of one setting, or its default."""
        variable = declaration.variable
        try:
            if given is not None:
                value, source = declaration.form.read(given.text), given.source
            else:
                value, source = self._default(declaration)
        except KeyError:
            return  # what it derives from is itself a problem, and already told
        except ValueError as error:
            self.problems.append(_problem(declaration, given, str(error)))
        else:
            self.known[variable] = value
            self.sources[variable] = source

    def _default(self, declaration: Setting) -> tuple[Any, Source]:
        default = declaration.default
        if not isinstance(default, Derived):
            return default, Source.DEFAULT
        value = default.derive(self.known)
        return value, default.source if value is not None else Source.DEFAULT


def gather(
    declared: Mapping[str, Setting],
    environ: Mapping[str, str] | None,
    dotenv: Path | None,
) -> tuple[dict[str, Given], list[str]]:
    """Collect what is set: the environment, else the file, else a secret's ``_FILE``.

    An empty value counts as not set, as compose files write an absent variable.
    """
    written, problems = _read_dotenv(dotenv)
    surroundings = _without_service_links(os.environ if environ is None else environ)
    texts = {name: Given(text, Source.DOTENV) for name, text in written.items() if text}
    texts |= {name: Given(text, Source.ENVIRONMENT) for name, text in surroundings.items() if text}
    problems += unknown(texts, declared)
    given = {name: texts[name] for name in declared if name in texts}
    for name in (name for name, declaration in declared.items() if declaration.secret):
        if (file := texts.get(name + FILE_SUFFIX)) is None:
            continue
        if name in given:
            problems.append(f"{name} and {name}{FILE_SUFFIX} are both set; give one of them.")
            continue
        try:
            given[name] = Given(_secret_in(Path(file.text)), Source.NAMED_FILE)
        except ValueError as error:
            problems.append(f"{name}{FILE_SUFFIX}: {error}.")
    return given, problems


def unknown(names: Iterable[str], declared: Mapping[str, Setting]) -> list[str]:
    """Say of each name of ours that means nothing what was probably meant."""
    files = {name + FILE_SUFFIX for name, each in declared.items() if each.secret}
    meant = sorted(name for name in declared.keys() | files if name.startswith(PREFIX))
    problems = []
    for name in sorted(names):
        if not name.startswith(PREFIX) or name in meant:
            continue
        near = get_close_matches(
            name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in meant], n=1
        )
        fix = f"did you mean {PREFIX}{near[0]}?" if near else "take it away."
        problems.append(f"{name} is not a setting; {fix}")
    return problems


def shape(text: str) -> str:
    """Say what a text looks like without saying what it is."""
    kinds = {
        "digits": str.isdigit,
        "letters": str.isalpha,
        "letters and digits": str.isalnum,
    }
    kind = next((kind for kind, holds in kinds.items() if holds(text)), "characters")
    return f"{len(text)} {kind}" if len(text) != 1 else f"one {kind.removesuffix('s')}"


def _problem(declaration: Setting, given: Given | None, fix: str) -> str:
    if given is None:
        return f"{declaration.variable} is not set, and {fix}."
    text = given.text
    quoted = "" if declaration.secret or len(text) > _SHOWN else f"{text!r}, "
    return f"{declaration.variable} ({given.source}) is {quoted}{shape(text)}; {fix}."


def _read_dotenv(dotenv: Path | None) -> tuple[dict[str, str], list[str]]:
    if dotenv is None:
        return {}, []
    try:
        return parse_dotenv(dotenv.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except OSError as error:
        return {}, [f"{dotenv} cannot be read ({error.strerror}); let this user read it."]
    except UnicodeDecodeError:
        return {}, [f"{dotenv} is not UTF-8; save it as UTF-8."]


def _without_service_links(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what Kubernetes sets in every pod beside a Service named gatewatch."""
    return {
        name: text
        for name, text in environ.items()
        if not _SERVICE_LINK.fullmatch(name)
        or (name == "GATEWATCH_PORT" and not _LINKED_PORT.fullmatch(text))
    }


def _secret_in(path: Path) -> str:
    try:
        text = path.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(
            f"the file it names cannot be read ({error.strerror}); name a file that this user "
            "may read"
        ) from None
    except UnicodeDecodeError:
        raise ValueError("the file it names is not text; put the secret alone into it") from None
    if not text:
        raise ValueError("the file it names is empty; put the secret alone into it")
    return text
