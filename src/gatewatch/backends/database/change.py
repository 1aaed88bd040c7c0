"""A change: what a decided transition does, declared, to be committed in one step."""

from collections.abc import Sequence

from gatewatch.backends.database.futures import Callback
from gatewatch.backends.database.statement import Form, Guard, Insert, Params

Shape = tuple[Guard | None, tuple[Form, ...]]
"""What changes have in common that one statement can make together."""


class Change:
    """An optional guard, and the rows that are inserted if, and only if, the guard is won."""

    __slots__ = ("callbacks", "guard", "params", "rows")

    def __init__(self, guard: tuple[Guard, Params] | None = None) -> None:
        self.guard: Guard | None
        self.params: Params
        self.guard, self.params = guard or (None, {})
        self.rows: list[tuple[Form, Sequence[object]]] = []
        self.callbacks: list[Callback] = []

    def add(self, insert: Insert, row: Params) -> None:
        """Insert this row too."""
        self.rows.append((insert.form(row), tuple(row.values())))

    def fill(self, form: Form, values: Sequence[object]) -> None:
        """Insert a row too whose values are in the order of a form."""
        self.rows.append((form, values))

    def after_commit(self, callback: Callback) -> None:
        """Call back once the change is durable; not if its guard is lost."""
        self.callbacks.append(callback)

    @property
    def shape(self) -> Shape:
        """Changes of one shape differ in nothing but their values."""
        return self.guard, tuple(dict.fromkeys([form for form, _ in self.rows]))
