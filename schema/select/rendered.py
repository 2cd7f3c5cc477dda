"""What a rendering comes to: a statement with its parameters, those of them that a request brings, and how it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm.access import Scope
from crm.errors import CrmError
from crm.rules.fields import Catalogue
from crm.rules.sql import Parameters
from crm.rules.values import Context

if TYPE_CHECKING:
    from schema.select.selection import Selected

Values = Mapping[str, Any]

_GUARD = re.compile(r"@guard:(\d+)@")


@dataclass(frozen=True, slots=True)
class Later:
    """A parameter that each request brings: read from its variables when the statement is sent."""

    read: Callable[[Values], Any]


class RulesNeeded(Exception):
    """A rule is to be compiled; load what rules speak of, which most requests do without, or load it anew."""


class Located(Exception):
    """A failure together with the selected field at which it belongs."""

    def __init__(self, error: CrmError, selected: Selected) -> None:
        super().__init__(error.message)
        self.error = error
        self.selected = selected


@contextmanager
def located(selected: Selected) -> Iterator[None]:
    try:
        yield
    except CrmError as error:
        raise Located(error, selected) from error


@dataclass(frozen=True, slots=True)
class Rules:
    """What rules in filters can speak of, and what relative times in them count from.

    `fresh`: read for this request. Of others a name that they do not know may only be younger than they are.
    """

    catalogue: Catalogue
    context: Context
    fresh: bool = False


Compile = Callable[[Rules, Any], str]
"""Compiles one rule, given what rules can speak of and what binds parameters."""


@dataclass(frozen=True, slots=True)
class Moving:
    """One condition of a kept statement; its values stand among the variables of a request, under `key`."""

    key: str
    text: str
    first: int
    compile: Compile

    def move(self, rules: Rules, variables: dict[str, Any]) -> bool:
        """Make the values for the present; false when the text would be another by now."""
        binder = Parameters(self.first)
        try:
            if self.compile(rules, binder) != self.text:
                return False
        except CrmError:
            return False
        variables[self.key] = binder.values
        return True


@dataclass(frozen=True, slots=True)
class Rendered:
    """A statement, ready to be sent as often as its text holds."""

    text: str
    parameters: tuple[Any, ...]
    needs: Mapping[Scope, Selected]
    cost: int
    moving: tuple[Moving, ...] = ()
    guards: tuple[tuple[CrmError, Selected], ...] = ()
    costliest: Selected | None = None

    def values(self, variables: Values) -> list[Any]:
        return [item.read(variables) if type(item) is Later else item for item in self.parameters]

    def refused(self, failure: CrmError) -> Exception:
        """What a failure of the statement means: what one of its guards says, or the failure itself."""
        found = _GUARD.search(failure.message)
        if found is None or int(found[1]) >= len(self.guards):
            return failure
        return Located(*self.guards[int(found[1])])
