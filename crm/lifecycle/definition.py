"""A lifecycle on paper: its stages and edges as plain values, and everything that can be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from crm.access import Scope
from crm.errors import CrmError, Problems, ValidationFailed
from crm.lifecycle.rounds import rounds
from crm.text import required
from models import StageOutcome

MAX_STAGES = 100
MAX_EDGES = 1_000
MAX_DAYS = 36_500
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class StageDefinition:
    """A stage; `target_days` is how long a customer should stand in it at most."""

    key: str
    name: str
    outcome: StageOutcome = StageOutcome.OPEN
    target_days: int | None = None
    initial: bool = False


@dataclass(frozen=True, slots=True)
class EdgeDefinition:
    """An allowed move, from stage to stage by key; `guard` is a rule, as its JSON form or, as it came in, its text."""

    start: str
    end: str
    guard: dict[str, Any] | str | None = field(default=None, hash=False)
    automatic: bool = False
    requires_reason: bool = False
    required_scope: str | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A lifecycle: stages in the order of the path, edges in the order in which automatic ones are tried."""

    key: str
    name: str
    stages: tuple[StageDefinition, ...]
    edges: tuple[EdgeDefinition, ...] = ()

    def stage(self, key: str, *, path: tuple[str, ...] = ("stage",)) -> StageDefinition:
        """The stage with this key; raises ValidationFailed."""
        found = next((stage for stage in self.stages if stage.key == key), None)
        if found is None:
            known = ", ".join(stage.key for stage in self.stages)
            raise ValidationFailed(f"There is no stage '{key[:60]}'; there are: {known}.", path=path)
        return found

    def edge(self, start: str, end: str) -> EdgeDefinition | None:
        return next((edge for edge in self.edges if (edge.start, edge.end) == (start, end)), None)


def checked(definition: Definition) -> Definition:
    """The definition with clean names; raises ValidationFailed or Problems, naming stages and edges by position."""
    found = list(_faults(definition))
    if found:
        raise Problems(found) if len(found) > 1 else found[0]
    stages = tuple(replace(stage, name=required(stage.name, field="name", limit=200)) for stage in definition.stages)
    return replace(definition, name=required(definition.name, field="name", limit=200), stages=stages)


def _faults(definition: Definition) -> Iterator[CrmError]:
    yield from _own_faults(definition)
    for position, stage in enumerate(definition.stages):
        yield from (fault.under("stages", str(position)) for fault in _stage_faults(definition, position, stage))
    for position, edge in enumerate(definition.edges):
        yield from (fault.under("edges", str(position)) for fault in _edge_faults(definition, position, edge))
    yield from _endless(definition)


def _own_faults(definition: Definition) -> Iterator[ValidationFailed]:
    if not KEY.fullmatch(definition.key):
        yield _bad_key(definition.key)
    if not definition.stages:
        yield ValidationFailed("A lifecycle needs at least one stage.", path=("stages",))
    if len(definition.stages) > MAX_STAGES:
        yield ValidationFailed(f"A lifecycle has at most {MAX_STAGES} stages.", path=("stages",))
    if len(definition.edges) > MAX_EDGES:
        yield ValidationFailed(f"A lifecycle has at most {MAX_EDGES} edges.", path=("edges",))
    first = [stage.key for stage in definition.stages if stage.initial]
    if definition.stages and len(first) != 1:
        named = f"; {', '.join(first)} are marked so" if first else ""
        yield ValidationFailed(f"Exactly one stage is the initial one{named}.", path=("stages",))


def _bad_key(key: str) -> ValidationFailed:
    return ValidationFailed(
        f"'{key[:80]}' cannot be a key; use small letters, digits, - and _, at most 80.", path=("key",)
    )


def _stage_faults(definition: Definition, position: int, stage: StageDefinition) -> Iterator[ValidationFailed]:
    if not KEY.fullmatch(stage.key):
        yield _bad_key(stage.key)
    if any(other.key == stage.key for other in definition.stages[:position]):
        yield ValidationFailed(f"There are two stages '{stage.key}'.", path=("key",))
    if not stage.name.strip():
        yield ValidationFailed("name is empty; give it a value.", path=("name",))
    if stage.target_days is not None and not 0 < stage.target_days <= MAX_DAYS:
        yield ValidationFailed(
            f"targetDays {stage.target_days} must lie between 1 and {MAX_DAYS:,}.", path=("targetDays",)
        )


def _edge_faults(definition: Definition, position: int, edge: EdgeDefinition) -> Iterator[ValidationFailed]:
    keys = {stage.key for stage in definition.stages}
    for end, name in ((edge.start, "from"), (edge.end, "to")):
        if end not in keys:
            yield ValidationFailed(f"The edge {edge.start} → {edge.end} names a stage that is not there.", path=(name,))
    if edge.start == edge.end:
        yield ValidationFailed(f"The edge leads from '{edge.start}' to itself.", path=("to",))
    if any((other.start, other.end) == (edge.start, edge.end) for other in definition.edges[:position]):
        yield ValidationFailed(f"There are two edges {edge.start} → {edge.end}.", path=("to",))
    if edge.required_scope is not None and edge.required_scope not in set(Scope):
        yield ValidationFailed(
            f"'{edge.required_scope[:60]}' is not a scope; a scope is, for instance, '{Scope.STAGE_MOVE}'.",
            path=("requiredScope",),
        )


def _endless(definition: Definition) -> Iterator[ValidationFailed]:
    for loop in loops(definition, lambda edge: edge.automatic and edge.guard is None):
        yield ValidationFailed(
            f"Customers would go round and round through {' → '.join(loop)}: these moves are automatic and no rule "
            "holds them back; give one of them a guard.",
            path=("edges",),
        )


def warnings(definition: Definition) -> list[str]:
    """What is allowed, but probably not meant: rounds of automatic moves, edges and stages never reached."""
    automatic = [(edge.start, edge.end, edge.guard) for edge in definition.edges if edge.automatic]
    said = [
        f"Automatic moves lead round through {' → '.join(way)}: where all their rules hold at once, a customer goes "
        "round until it has been in each stage once."
        for way in rounds(automatic)
    ]
    return [*said, *_shadowed(definition), *_unreachable(definition)]


def _shadowed(definition: Definition) -> Iterator[str]:
    open_ways: dict[str, EdgeDefinition] = {}
    for edge in definition.edges:
        if edge.automatic and edge.start in open_ways:
            first = open_ways[edge.start]
            yield (
                f"{edge.start} → {edge.end} never happens by itself: {first.start} → {first.end} stands before it and "
                "needs no rule."
            )
        if edge.automatic and edge.guard is None:
            open_ways.setdefault(edge.start, edge)


def _unreachable(definition: Definition) -> Iterator[str]:
    seen = {stage.key for stage in definition.stages if stage.initial}
    waiting = list(seen)
    while waiting:
        start = waiting.pop()
        new = {edge.end for edge in definition.edges if edge.start == start} - seen
        seen |= new
        waiting += new
    yield from (f"No way leads to the stage '{stage.key}'." for stage in definition.stages if stage.key not in seen)


def loops(definition: Definition, counts: Callable[[EdgeDefinition], bool]) -> list[list[str]]:
    """One round for each group of stages that lead to each other by the edges that count, the first stage repeated."""
    ways: dict[str, list[str]] = {}
    for edge in definition.edges:
        if counts(edge):
            ways.setdefault(edge.start, []).append(edge.end)
    found: list[list[str]] = []
    for stage in definition.stages:
        loop = _shortest(stage.key, ways)
        if loop and not any(set(loop) & set(other) for other in found):
            found.append(loop)
    return found


def _shortest(start: str, ways: dict[str, list[str]]) -> list[str] | None:
    """The shortest way from a stage back to itself."""
    paths = [[start]]
    seen: set[str] = set()
    for path in paths:  # grows while it is walked
        for end in ways.get(path[-1], []):
            if end == start:
                return [*path, end]
            if end not in seen:
                seen.add(end)
                paths.append([*path, end])
    return None
