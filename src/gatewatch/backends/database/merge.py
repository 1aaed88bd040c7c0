"""Merging: many changes of one shape, made by one Postgres statement.

The values travel as arrays, a column each; ``unnest`` makes rows of them. A guarded change is
known by its place in the batch: the guard's UPDATE returns the places that won, and rows are
inserted for those alone. One statement is one transaction, and one round trip.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    Insert,
    Integer,
    TableValuedAlias,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import replacement_traverse

from gatewatch.backends.database.change import Change, Shape
from gatewatch.backends.database.dialect import POSTGRES, AnyType, Array, Processor, binder
from gatewatch.backends.database.statement import KEY, Form, Guard, compile_clause

PLACE: Final = "place"
"""Which change of the batch a row belongs to."""


class Merged:
    """The statement for changes of one shape."""

    def __init__(self, shape: Shape) -> None:
        guard, forms = shape
        self._compiled = compile_clause(_statement(guard, forms), POSTGRES)
        self._guarded = guard is not None
        self._params = _binders("guard", guard.parameters) if guard else []
        self._forms = [
            (form, _array(prefix, PLACE), _binders(prefix, form.kinds))
            for prefix, form in _prefixed(forms)
        ]
        self.sql = self._compiled.sql

    def arguments(self, changes: Sequence[Change]) -> Sequence[object]:
        """The arrays that hold these changes."""
        arrays: dict[str, object] = {}
        if self._guarded:
            arrays[_array("guard", PLACE)] = range(len(changes))
        for name, array, process in self._params:
            arrays[array] = _all(process, [change.params[name] for change in changes])
        for form, place, columns in self._forms:
            rows = [
                (number, row)
                for number, change in enumerate(changes)
                for taken, row in change.rows
                if taken is form
            ]
            if self._guarded:
                arrays[place] = [number for number, _ in rows]
            given = zip(*[row for _, row in rows], strict=True)
            for (_, array, process), values in zip(columns, given, strict=True):
                arrays[array] = _all(process, values)
        return self._compiled.bind(arrays)


def _all(process: Processor | None, values: Sequence[object]) -> Sequence[object]:
    return values if process is None else [process(value) for value in values]


def _binders(prefix: str, kinds: dict[str, AnyType]) -> list[tuple[str, str, Processor | None]]:
    """For each name: the array it travels in, and how its values are handed over."""
    return [(name, _array(prefix, name), binder(kind, POSTGRES)) for name, kind in kinds.items()]


def _prefixed(forms: Sequence[Form]) -> list[tuple[str, Form]]:
    return [(f"rows{number}", form) for number, form in enumerate(forms)]


def _statement(guard: Guard | None, forms: Sequence[Form]) -> Executable:
    if guard is None:
        return _unguarded(forms)
    won = _guarded_update(guard)
    inserts = [
        _insert(form, prefix, won).cte(f"insert_{prefix}") for prefix, form in _prefixed(forms)
    ]
    return select(won.c[PLACE]).add_cte(*inserts)


def _unguarded(forms: Sequence[Form]) -> Executable:
    *others, last = _prefixed(forms)
    inserts = [_insert(form, prefix, None).cte(f"insert_{prefix}") for prefix, form in others]
    return _insert(last[1], last[0], None).add_cte(*inserts)


def _guarded_update(guard: Guard) -> CTE:
    """The guard's UPDATE of many rows, its parameters replaced by a given row's columns."""
    given = _unnest("guard", {PLACE: Integer(), **guard.parameters})

    def from_given(element: Any, **_: Any) -> Any:
        named = isinstance(element, BindParameter) and element.required
        return given.c[element.key] if named else None

    values = {
        name: replacement_traverse(value, {}, from_given)
        if isinstance(value, ColumnElement)
        else value
        for name, value in guard.values.items()
    }
    return (
        update(guard.table)
        .where(guard.key == given.c[KEY], replacement_traverse(guard.where, {}, from_given))
        .values(values)
        .returning(given.c[PLACE])
        .cte("won")
    )


def _insert(form: Form, prefix: str, won: CTE | None) -> Insert:
    kinds = form.kinds
    given = _unnest(prefix, kinds if won is None else {PLACE: Integer(), **kinds})
    rows = select(*[given.c[name] for name in kinds])
    if won is not None:
        rows = rows.where(given.c[PLACE].in_(select(won.c[PLACE])))
    return insert(form.table).from_select(list(kinds), rows)


def _unnest(prefix: str, kinds: dict[str, AnyType]) -> TableValuedAlias:
    arrays = [bindparam(_array(prefix, name), type_=Array(kind)) for name, kind in kinds.items()]
    columns = [column(name, kind) for name, kind in kinds.items()]
    return func.unnest(*arrays).table_valued(*columns, name=prefix).render_derived()


def _array(prefix: str, name: str) -> str:
    return f"{prefix}_{name}"
