"""Merging: many changes of one shape, made by one Postgres statement.

The values travel as arrays, a column each; ``unnest`` makes rows of them. A guarded change is
known by its place in the batch: the guard's UPDATE returns the places that won, and rows are
inserted for those alone. One statement is one transaction, and one round trip.
"""

from collections.abc import Iterable, Sequence
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
from gatewatch.backends.database.dialect import POSTGRES, AnyType, Array, binder
from gatewatch.backends.database.statement import KEY, Form, Guard, compile_clause

PLACE: Final = "place"
"""Which change of the batch a row belongs to."""


class Merged:
    """The statement for changes of one shape."""

    def __init__(self, shape: Shape) -> None:
        self._guard, self._forms = shape
        self._compiled = compile_clause(_statement(*shape), POSTGRES)
        self._guard_binders = (
            []
            if self._guard is None
            else [(name, binder(kind, POSTGRES)) for name, kind in self._guard.parameters.items()]
        )
        self.sql = self._compiled.sql

    def arguments(self, changes: Sequence[Change]) -> Sequence[object]:
        """The arrays that hold these changes."""
        arrays: dict[str, object] = {}
        if self._guard is not None:
            arrays[_array("guard", PLACE)] = range(len(changes))
            for name, process in self._guard_binders:
                values = [change.params[name] for change in changes]
                arrays[_array("guard", name)] = (
                    values if process is None else [process(value) for value in values]
                )
        for number, form in enumerate(self._forms):
            arrays.update(self._rows(f"rows{number}", form, changes))
        return self._compiled.bind(arrays)

    def _rows(
        self, prefix: str, form: Form, changes: Sequence[Change]
    ) -> Iterable[tuple[str, object]]:
        placed = [
            (place, row)
            for place, change in enumerate(changes)
            for taken, row in change.rows
            if taken is form
        ]
        if self._guard is not None:
            yield _array(prefix, PLACE), [place for place, _ in placed]
        columns = zip(*[row.values() for _, row in placed], strict=True)
        for kept, process, values in zip(
            form.columns, form.postgres.processors, columns, strict=True
        ):
            yield (
                _array(prefix, kept.name),
                values if process is None else [process(value) for value in values],
            )


def _statement(guard: Guard | None, forms: Sequence[Form]) -> Executable:
    if guard is None:
        return _unguarded(forms)
    won = _guarded_update(guard)
    inserts = [
        _insert(form, f"rows{number}", won).cte(f"insert{number}")
        for number, form in enumerate(forms)
    ]
    return select(won.c[PLACE]).add_cte(*inserts)


def _unguarded(forms: Sequence[Form]) -> Executable:
    *first, last = [_insert(form, f"rows{number}", None) for number, form in enumerate(forms)]
    return last.add_cte(*[one.cte(f"insert{number}") for number, one in enumerate(first)])


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
    kinds = {kept.name: kept.type for kept in form.columns}
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
