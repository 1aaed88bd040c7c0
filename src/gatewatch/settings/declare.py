"""How a setting is declared: once, with everything that loading and documenting it needs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, get_type_hints

T_co = TypeVar("T_co", covariant=True)

Known = Mapping[str, Any]
"""The values already read, by variable; sections and fields are read in their order."""

MASK: Final = "***"
"""What is shown in place of a secret."""


class Source(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    DOTENV = "file .env"
    NAMED_FILE = "file named by _FILE"
    GENERATED = "generated"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Form(Generic[T_co]):
    """What a value looks like.

    `read` raises ValueError with the fix ("give ...") for a text that is not of this form.
    `write` is its inverse; `mask` is `write` without what must not be shown.
    """

    name: str
    read: Callable[[str], T_co]
    write: Callable[[Any], str] = str
    mask: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Derived(Generic[T_co]):
    """A default that follows from other settings, or from a file that is made at first use.

    `derive` raises ValueError with the fix when it cannot.
    """

    doc: str
    derive: Callable[[Known], T_co]
    source: Source = Source.DEFAULT


@dataclass(frozen=True, slots=True)
class Setting:
    """What is declared beside a field's type, in `Annotated`, and is nowhere repeated.

    A secret may also be given as a file, named by ``<variable>_FILE``. A plain default is the
    field's own; `default` is for one that must be derived.
    """

    variable: str
    form: Form[Any]
    doc: str
    default: Any = None
    secret: bool = False

    @property
    def name(self) -> str:
        """What the setting is called in code: ``GATEWATCH_DATA_DIR`` is ``data_dir``."""
        return self.variable.removeprefix("GATEWATCH_").lower()

    def show(self, value: object) -> str:
        """Write a value down for a person, without what must not be shown."""
        if value is None:
            return ""
        if self.form.mask is not None:
            return self.form.mask(value)
        return MASK if self.secret else self.form.write(value)

    def default_shown(self) -> str:
        """Say in the reference what holds when nothing is set."""
        if isinstance(self.default, Derived):
            return self.default.doc
        return f"`{shown}`" if (shown := self.show(self.default)) else "none"


def declared_in(section: type) -> Iterator[tuple[str, Setting]]:
    """List the fields of a section with their declarations, in order."""
    hints = get_type_hints(section, include_extras=True)
    for each in fields(section):
        (declaration,) = hints[each.name].__metadata__
        plain = each.default is not MISSING
        yield each.name, replace(declaration, default=each.default) if plain else declaration
