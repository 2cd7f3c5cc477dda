"""Rounds of moves, and whether the rules of a round can all hold at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm.errors import CrmError
from crm.rules.json_form import from_json
from crm.rules.text import parse
from crm.rules.tree import And, Compare, FieldRef, Node, Operator

MAX_PATHS = 5_000
"""Ways that are tried before a definition is taken to be too tangled to be looked through."""

Edge = tuple[str, str, dict[str, Any] | str | None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers that one field may have."""

    low: Decimal = Decimal("-Infinity")
    high: Decimal = Decimal("Infinity")
    open_low: bool = False
    open_high: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def within(self, other: Bounds) -> Bounds:
        low, open_low = max((self.low, self.open_low), (other.low, other.open_low))
        high, shut = min((self.high, not self.open_high), (other.high, not other.open_high))
        return Bounds(low, high, open_low, not shut)


_ONE_SIDED = {
    Operator.GT: lambda value: Bounds(low=value, open_low=True),
    Operator.GTE: lambda value: Bounds(low=value),
    Operator.LT: lambda value: Bounds(high=value, open_high=True),
    Operator.LTE: lambda value: Bounds(high=value),
    Operator.EQ: lambda value: Bounds(value, value),
}


def rounds(edges: Sequence[Edge]) -> list[list[str]]:
    """Ways from a stage back to itself, the first stage repeated, whose rules do not visibly exclude each other.

    One for each group of stages that are in some round together. What a rule asks beside plain comparisons of a field
    with a number is taken to hold always: a round that is left out cannot happen, one that is named may.
    """
    asked = {(start, end): conditions(guard) for start, end, guard in edges}
    found: list[list[str]] = []
    for start in dict.fromkeys(start for start, _, _ in edges):
        way = _back_to(start, asked)
        if way and not any(set(way) & set(other) for other in found):
            found.append(way)
    return found


def _back_to(start: str, asked: dict[tuple[str, str], list[Compare]]) -> list[str] | None:
    """The shortest way from a stage back to itself whose rules can hold together."""
    paths: list[tuple[list[str], list[Compare]]] = [([start], [])]
    for path, held in paths:  # grows while it is walked
        for (here, there), conditions_ in asked.items():
            if here != path[-1] or (there in path and there != start):
                continue
            together = [*held, *conditions_]
            if not possible(together):
                continue
            if there == start:
                return [*path, there]
            paths.append(([*path, there], together))
        if len(paths) > MAX_PATHS:
            return [*path, start]
    return None


def conditions(guard: dict[str, Any] | str | None) -> list[Compare]:
    """The comparisons of a rule that must all hold."""
    if guard is None:
        return []
    with suppress(CrmError):
        return list(_compared(parse(guard) if isinstance(guard, str) else from_json(guard)))
    return []


def _compared(tree: Node) -> Iterator[Compare]:
    if isinstance(tree, And):
        for item in tree.items:
            yield from _compared(item)
    elif isinstance(tree, Compare):
        yield tree


def possible(found: Iterable[Compare]) -> bool:
    """Whether some value of each field satisfies all that is asked of it."""
    fields: dict[Any, Bounds] = {}
    for each in found:
        bounds = _bounds(each)
        if bounds is None or not isinstance(each.subject, FieldRef):
            continue
        fields[each.subject] = fields.get(each.subject, Bounds()).within(bounds)
        if fields[each.subject].empty:
            return False
    return True


def _bounds(each: Compare) -> Bounds | None:
    make = _ONE_SIDED.get(each.operator)
    return make(each.value) if make and isinstance(each.value, Decimal) else None
