"""Conditions that move with time, such as those of the last 90 days: their text is kept, their values are made anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from crm.errors import CrmError
from crm.rules.sql import Parameters
from schema.select.render import Later, Render, Rules

Compile = Callable[[Rules, Any], str]
"""Compiles one rule, given what rules can speak of and what binds parameters."""

_numbers = count(1)


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


def moving(render: Render, compile: Compile) -> str:
    """The condition, with parameters that each request makes for its own time."""
    before = len(render.parameters)
    text = compile(render.reading, render)
    found = Moving(f"@moving{next(_numbers)}", text, before + 1, compile)
    for place in range(before, len(render.parameters)):
        render.parameters[place] = Later(_value(found.key, place - before))
    render.moving.append(found)
    return text


def _value(key: str, place: int) -> Callable[[Any], Any]:
    return lambda variables: variables[key][place]
