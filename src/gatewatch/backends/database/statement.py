"""Statements: described with SQLAlchemy Core, compiled once per engine, run on the driver.

A statement is made once, at import, beside the table it speaks to. Nothing here touches a
database: `sqlite` and `postgres` are what the two engines run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    Table,
    any_,
    bindparam,
    insert,
    text,
    update,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import ReturnsRows

from gatewatch.backends.database.dialect import (
    POSTGRES,
    SQLITE,
    AnyType,
    Array,
    Processor,
    binder,
    reader,
)

Row = tuple[Any, ...]
"""One row, each value already of its column's type."""

Params = Mapping[str, object]
"""Values for the named parameters of a statement."""

KEY: Final = "key"
"""The parameter that a lookup's and a guard's key is given by."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a driver runs: the text, how its arguments are laid out, how its rows are read."""

    sql: str
    bind: Callable[[Params], Sequence[object]]
    read: Callable[[Sequence[Any]], Row]


class Statement:
    """A Core clause; `sqlite` or `postgres` gives an engine a spelling of its own.

    A spelling may be another clause or SQL text with ``:name`` parameters, whose types and
    columns are then those of the clause.
    """

    def __init__(
        self,
        clause: Executable,
        *,
        sqlite: Executable | str | None = None,
        postgres: Executable | str | None = None,
    ) -> None:
        self._clause = clause
        self._sqlite = clause if sqlite is None else sqlite
        self._postgres = clause if postgres is None else postgres

    @cached_property
    def sqlite(self) -> Compiled:
        """This statement for sqlite3."""
        return compile_clause(self._spelled(self._sqlite, SQLITE), SQLITE)

    @cached_property
    def postgres(self) -> Compiled:
        """This statement for asyncpg."""
        return compile_clause(self._spelled(self._postgres, POSTGRES), POSTGRES)

    def _spelled(self, spelling: Executable | str, dialect: Dialect) -> Executable:
        if not isinstance(spelling, str):
            return spelling
        known = _compile(self._clause, dialect).binds
        spelled = text(spelling)
        typed = [
            bindparam(name, type_=known[name].type)
            for name in spelled.compile().params
            if name in known
        ]
        return spelled.bindparams(*typed).columns(*_columns(self._clause))


class Lookup:
    """A select of the one row that has a given, unique key.

    The select says nothing about the key; it may join and filter, without parameters. On
    Postgres all lookups of one turn of the event loop travel together.
    """

    def __init__(self, select: Select[Any], *, key: ColumnElement[Any]) -> None:
        self._select = select
        self._key = key

    @cached_property
    def sqlite(self) -> Compiled:
        """One row for one key, for sqlite3."""
        by_key = self._select.where(self._key == bindparam(KEY, type_=self._key.type))
        return compile_clause(by_key, SQLITE)

    @cached_property
    def postgres(self) -> Compiled:
        """Rows for an array of keys, each with its key in the last column, for asyncpg."""
        keys = bindparam(KEY, type_=Array(self._key.type))
        return compile_clause(
            self._select.add_columns(self._key).where(self._key == any_(keys)), POSTGRES
        )


class Insert:
    """An insert of one row into a table, with the columns that the row gives."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._forms: dict[tuple[str, ...], Form] = {}

    def form(self, row: Params) -> "Form":
        """The insert of just these columns.

        Raises:
            KeyError: the table has no such column.
        """
        names = tuple(row)
        form = self._forms.get(names)
        if form is None:
            form = self._forms[names] = Form(self.table, names)
        return form


class Form:
    """An insert of certain columns, in a certain order."""

    def __init__(self, table: Table, names: tuple[str, ...]) -> None:
        self.table = table
        self.kinds: dict[str, AnyType] = {name: table.c[name].type for name in names}

    @cached_property
    def sqlite(self) -> "Filled":
        """This insert for sqlite3."""
        return Filled.of(self, SQLITE)

    @cached_property
    def postgres(self) -> "Filled":
        """This insert for asyncpg."""
        return Filled.of(self, POSTGRES)


@dataclass(frozen=True, slots=True)
class Filled:
    """An insert's text for one engine, and how a row's values are handed over."""

    sql: str
    order: tuple[int, ...] | None
    """For each value of the text, its place in the form; None where they are the same."""
    processed: tuple[tuple[int, Processor], ...]
    """The places in the text whose values are not handed over as they are."""

    @staticmethod
    def of(form: Form, dialect: Dialect) -> "Filled":
        """Write the insert for an engine."""
        named = {name: bindparam(name, type_=kind) for name, kind in form.kinds.items()}
        compiled = _compile(insert(form.table).values(named), dialect)
        names, places = compiled.positiontup or [], list(form.kinds)
        processes = [binder(form.kinds[name], dialect) for name in names]
        return Filled(
            str(compiled),
            None if names == places else tuple(places.index(name) for name in names),
            tuple((place, each) for place, each in enumerate(processes) if each is not None),
        )

    def bind(self, values: Sequence[object]) -> list[object]:
        """A row's values, given in the form's order, as the driver takes them."""
        laid_out = list(values) if self.order is None else [values[place] for place in self.order]
        for place, process in self.processed:
            laid_out[place] = process(laid_out[place])
        return laid_out


class Guard:
    """An update of the one row that has a key, if it is still in the state that was judged.

    `where` and `values` may hold constants and named parameters; the key's own name is ``key``.
    """

    def __init__(
        self,
        table: Table,
        *,
        key: Column[Any],
        where: ColumnElement[bool],
        values: Mapping[str, object],
    ) -> None:
        self.table = table
        self.key = key
        self.where = where
        self.values = values

    @cached_property
    def sqlite(self) -> Compiled:
        """The update of one row, for sqlite3."""
        return compile_clause(self._update, SQLITE)

    @cached_property
    def postgres(self) -> Compiled:
        """The update of one row, for asyncpg."""
        return compile_clause(self._update, POSTGRES)

    @cached_property
    def parameters(self) -> dict[str, AnyType]:
        """The named parameters and their types, the key's first."""
        binds = _compile(self._update, POSTGRES).binds
        named = {name: bind.type for name, bind in binds.items() if bind.required}
        return {KEY: named.pop(KEY), **named}

    @property
    def _update(self) -> Executable:
        key = bindparam(KEY, type_=self.key.type)
        return update(self.table).where(self.key == key, self.where).values(dict(self.values))


def compile_clause(clause: Executable, dialect: Dialect) -> Compiled:
    """Compile a clause for good: its text, its arguments, its rows."""
    compiled = _compile(clause, dialect)
    kinds = [column.type for column in _columns(clause)]
    return Compiled(str(compiled), _argument_maker(compiled, dialect), _row_maker(kinds, dialect))


def _compile(clause: Executable, dialect: Dialect) -> SQLCompiler:
    compiled = clause.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]  # every clause that executes compiles
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checker
    return compiled


def _columns(clause: Executable) -> list[ColumnElement[Any]]:
    return list(clause.exported_columns) if isinstance(clause, ReturnsRows) else []


def _argument_maker(
    compiled: SQLCompiler, dialect: Dialect
) -> Callable[[Params], Sequence[object]]:
    """Lay out named parameters, and the clause's constants, in the order of the text."""
    laid_out: list[object] = []
    given: list[tuple[int, str, Processor]] = []
    for place, name in enumerate(compiled.positiontup or []):
        parameter = compiled.binds.get(name)
        process = (None if parameter is None else binder(parameter.type, dialect)) or _as_it_is
        if parameter is not None and parameter.required:
            laid_out.append(None)
            given.append((place, name, process))
        else:
            laid_out.append(process(compiled.params[name]))
    asked = {name for name, bind in compiled.binds.items() if bind.required}

    def bind(params: Params) -> Sequence[object]:
        if params.keys() != asked:
            raise TypeError(f"the statement takes {sorted(asked)}, not {sorted(params)}")
        arguments = laid_out.copy()
        for place, name, process in given:
            arguments[place] = process(params[name])
        return arguments

    return bind


def _as_it_is(value: Any) -> Any:
    return value


def _row_maker(kinds: list[AnyType], dialect: Dialect) -> Callable[[Sequence[Any]], Row]:
    """Read a driver's row: a tuple whose values have their column's type."""
    readers = [(place, reader(kind, dialect)) for place, kind in enumerate(kinds)]
    needed = [(place, read) for place, read in readers if read is not None]
    if not needed:
        return tuple

    def make(given: Sequence[Any]) -> Row:
        row = list(given)
        for place, read in needed:
            row[place] = read(row[place])
        return tuple(row)

    return make
