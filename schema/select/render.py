"""One rendering of a plan: the text of its statement, its parameters, its cost and the scopes that it needs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from tortoise.models import Model

from crm.access import Scope
from crm.errors import CrmError, ValidationFailed
from schema.select.rendered import Later, Moving, Rules, RulesNeeded, Values, located
from schema.select.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schema.select.selection import Argument, Selected
    from schema.select.types import Table


@dataclass(slots=True)
class Memory:
    """Which variables the text of a plan depends on, learned while rendering it.

    A text is reused as long as the variables that shape it are equal; those whose value is only a parameter
    shape it by being null or not.
    """

    shaping: dict[str, Callable[[Values], Any]] = field(default_factory=dict)
    """What of a request's variables shapes the text, by the name of a variable or the path of an argument."""
    present: set[str] = field(default_factory=set)

    def key(self, variables: Values) -> tuple[Any, ...]:
        shapes = tuple(shape(variables) for shape in self.shaping.values())
        return (*shapes, *(variables.get(name) is None for name in sorted(self.present)))


def frozen(value: Any) -> Any:
    """A hashable stand-in for an input value."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)


def _of_variable(name: str) -> Callable[[Values], Any]:
    return lambda variables: frozen(variables.get(name))


def _of_argument(argument: Argument, freeze: Callable[[Any], Any]) -> Callable[[Values], Any]:
    def shape(variables: Values) -> Any:
        try:
            value = argument.read(variables)
        except CrmError:  # no text is kept for it, and making one tells the client where the fault is
            return None
        return None if value is None else freeze(value)

    return shape


@dataclass(slots=True)
class Render:
    """The state of one rendering."""

    variables: Values
    memory: Memory
    visibility: Callable[[Render, Row, Table], list[str]]
    rules: Rules | None = None
    scopes: frozenset[Scope] = frozenset()
    row_filter: dict[str, Any] | None = None
    parameters: list[Any] = field(default_factory=list)
    needs: dict[Scope, Selected] = field(default_factory=dict)
    cost: int = 0
    multiplier: int = 1
    settled: bool = True
    moving: list[Moving] = field(default_factory=list)
    guards: list[tuple[CrmError, Selected]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def reading(self) -> Rules:
        if self.rules is None:
            raise RulesNeeded
        return self.rules

    def bind(self, value: Any, cast: str) -> str:
        """A parameter with this value."""
        self.parameters.append(value)
        # The cast tells PostgreSQL the type while it prepares the statement, so that equal texts mean equal plans.
        return f"${len(self.parameters)}::{cast}"

    def row(self, model: type[Model] | None) -> Row:
        """A row of a table under an alias of its own."""
        return Row(f"t{next(self.numbers)}", model)

    def need(self, scope: Scope | None, selected: Selected) -> None:
        if scope is not None:
            self.needs.setdefault(scope, selected)

    def unsettle(self) -> None:
        """This text holds for this request only."""
        self.settled = False

    def guard(self, selected: Selected, error: CrmError) -> str:
        """A text that no time and no number begins with: the statement that makes one of it fails with this error.

        It is for what only the rows can tell, such as whose timeline a cursor comes from.
        """
        self.guards.append((error, selected))
        return f"@guard:{len(self.guards) - 1}@"

    @contextmanager
    def repeated(self, times: int) -> Iterator[None]:
        """What is rendered inside stands for so many rows, which its cost reflects."""
        before, self.multiplier = self.multiplier, self.multiplier * max(times, 1)
        try:
            yield
        finally:
            self.multiplier = before

    def charge(self, points: int) -> None:
        self.cost += points * self.multiplier


def storable(value: Any, name: str) -> Any:
    """A value that PostgreSQL takes: it has no place for NUL in texts."""
    if type(value) is str and "\0" in value:
        raise ValidationFailed(f"'{name}' holds the character NUL, which no text here has; leave it out.", path=(name,))
    return value


@dataclass(frozen=True, slots=True)
class Ask:
    """A selected field in one rendering, with its arguments."""

    render: Render
    selected: Selected

    def argument(self, name: str) -> Argument | None:
        return self.selected.arguments.get(name)

    def value(self, name: str, freeze: Callable[[Any], Any] | None = None) -> Any:
        """An argument that shapes the statement; None when it is not given.

        With `freeze` only what that makes of its value shapes it, and the rest may be bound as a parameter.
        """
        argument = self.argument(name)
        if argument is None:
            return None
        shaping = self.render.memory.shaping
        if freeze and argument.variables:
            shaping.setdefault(".".join((*self.selected.path, f"({name})")), _of_argument(argument, freeze))
        for variable in () if freeze else argument.variables:
            shaping.setdefault(variable, _of_variable(variable))
        return argument.read(self.render.variables)

    def passing(self, name: str) -> Any:
        """An argument whose every value makes a text of its own: a filter, a cursor, a search."""
        argument = self.argument(name)
        if argument is None:
            return None
        value = argument.read(self.render.variables)
        if argument.variables:
            self.render.memory.present.update(argument.variables)
            if value is not None:
                self.render.unsettle()
        return value

    def bound(self, name: str, cast: str, read: Callable[[Any], Any] = lambda value: value) -> str | None:
        """An argument as a parameter of the statement; None when it is not given or null.

        `read` turns it into what the parameter takes and may raise CrmError.
        """
        argument = self.argument(name)
        if argument is None:
            return None
        selected = self.selected

        def later(variables: Values) -> Any:
            with located(selected):
                return storable(read(argument.read(variables)), name)

        self.render.memory.present.update(argument.variables)
        if argument.read(self.render.variables) is None:
            return None
        return self.render.bind(Later(later) if argument.variables else later({}), cast)
