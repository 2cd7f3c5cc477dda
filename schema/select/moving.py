"""Conditions that move with time, such as those of the last 90 days: their text is kept, their values are made anew."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from schema.select.render import Render
from schema.select.rendered import Compile, Later, Moving

_numbers = count(1)


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
