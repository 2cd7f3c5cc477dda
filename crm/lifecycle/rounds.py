"""Rounds of moves, and whether the rules of a round can all hold at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from crm.errors import CrmError
from crm.rules.json_form import from_json
from crm.rules.text import parse
from crm.rules.tree import And, Compare, FieldRef, Node, Operator, Or

MAX_PATHS = 5_000
"""Ways that are tried before a definition is taken to be too tangled to be looked through."""
MAX_CASES = 64
"""Cases of rules with `or` that are told apart; of more than these nothing is taken to be known."""

Edge = tuple[str, str, dict[str, Any] | str | None]


Case = list[Compare]
"""Comparisons that all hold."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers that one field may have, or, with `absent`, that it has none."""

    low: Decimal = Decimal("-Infinity")
    high: Decimal = Decimal("Infinity")
    open_low: bool = False
    open_high: bool = False
    absent: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def within(self, other: Bounds) -> Bounds:
        if self.absent is not other.absent:
            return _NONE
        low, open_low = max((self.low, self.open_low), (other.low, other.open_low))
        high, shut = min((self.high, not self.open_high), (other.high, not other.open_high))
        return Bounds(low, high, open_low, not shut, self.absent)


_NONE = Bounds(low=Decimal(1), high=Decimal(0))


_ONE_SIDED = {
    Operator.GT: lambda value: Bounds(low=value, open_low=True),
    Operator.GTE: lambda value: Bounds(low=value),
    Operator.LT: lambda value: Bounds(high=value, open_high=True),
    Operator.LTE: lambda value: Bounds(high=value),
    Operator.EQ: lambda value: Bounds(value, value),
}


def rounds(edges: Sequence[Edge]) -> list[list[str]]:
    """Ways from a stage back to itself, the first stage repeated, whose rules do not visibly exclude each other.

    One for each group of stages that are in some round together. What a rule asks beside comparisons of a field with a
    number, or with nothing, is taken to hold always: a round that is left out cannot happen, one that is named may.
    """
    asked = {(start, end): cases(guard) for start, end, guard in edges}
    found: list[list[str]] = []
    for start in dict.fromkeys(start for start, _, _ in edges):
        way = _back_to(start, asked)
        if way and not any(set(way) & set(other) for other in found):
            found.append(way)
    return found


def _back_to(start: str, asked: dict[tuple[str, str], list[Case]]) -> list[str] | None:
    """The shortest way from a stage back to itself whose rules can hold together."""
    paths: list[tuple[list[str], list[Case]]] = [([start], [[]])]
    for path, held in paths:  # grows while it is walked
        for (here, there), wanted in asked.items():
            if here != path[-1] or (there in path and there != start):
                continue
            together = both(held, wanted)
            if not together:
                continue
            if there == start:
                return [*path, there]
            paths.append(([*path, there], together))
        if len(paths) > MAX_PATHS:
            return [*path, start]
    return None


def cases(guard: dict[str, Any] | str | None) -> list[Case]:
    """The cases in which a rule holds: in one of them all of its comparisons do."""
    if guard is None:
        return [[]]
    with suppress(CrmError):
        return _cases(parse(guard) if isinstance(guard, str) else from_json(guard))
    return [[]]


def _cases(tree: Node) -> list[Case]:
    if isinstance(tree, Compare):
        return [[tree]]
    if isinstance(tree, And):
        return reduce(both, map(_cases, tree.items))
    if isinstance(tree, Or):
        found = [case for item in tree.items for case in _cases(item)]
        return found if len(found) <= MAX_CASES else [[]]
    return [[]]


def both(some: list[Case], others: list[Case]) -> list[Case]:
    """The cases in which two rules hold together; none when they exclude each other."""
    if len(some) * len(others) > MAX_CASES:
        return [[]]
    return [[*one, *other] for one in some for other in others if possible([*one, *other])]


def possible(found: Iterable[Compare]) -> bool:
    """Whether some value of each field satisfies all that is asked of it."""
    fields: dict[Any, Bounds] = {}
    for each in found:
        bounds = _bounds(each)
        if bounds is None or not isinstance(each.subject, FieldRef):
            continue
        held = fields.get(each.subject)
        fields[each.subject] = held.within(bounds) if held else bounds
        if fields[each.subject].empty:
            return False
    return True


def _bounds(each: Compare) -> Bounds | None:
    if each.operator is Operator.IS_EMPTY:
        return Bounds(absent=bool(each.value))
    make = _ONE_SIDED.get(each.operator)
    return make(each.value) if make and isinstance(each.value, Decimal) else None
