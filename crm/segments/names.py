"""Holds a rule's stages and segments against those that there are: nobody should wait for those of one misspelt."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crm.database import fetch
from crm.rules.faults import RuleInvalid, clip, nearest
from crm.rules.tree import Compare, EverInStage, FieldRef, InSegment, Node, Operator, Place, walk
from crm.rules.values import Context

_FIELDS = frozenset({"stage", "fromStage", "toStage"})
_WHOLE = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
_KNOWN = "SELECT s.key, l.key AS lifecycle FROM stage s JOIN lifecycle l ON l.id = s.lifecycle_id"


async def refuse_unknown_stages(tree: Node) -> None:
    """Raise RuleInvalid for a stage or lifecycle that never was, with the nearest one and the place."""
    named = any(True for node, _ in walk(tree) for _ in _named(node))
    rows = await fetch(_KNOWN) if named else []
    if rows:
        _refuse_stages(tree, {row["key"] for row in rows}, {row["lifecycle"] for row in rows})


def refuse_unknown_names(tree: Node, context: Context) -> None:
    """Raise RuleInvalid for a segment, stage or lifecycle that is not among those of the context."""
    if context.stages:
        _refuse_stages(tree, context.stages, context.lifecycles)
    for node, _ in walk(tree):
        if isinstance(node, InSegment) and node.key not in context.segments:
            hint = nearest(node.key, sorted(context.segments))
            raise RuleInvalid(f"There is no segment '{clip(node.key)}'.{hint}", place=node.place)


def _refuse_stages(tree: Node, stages: Collection[str], lifecycles: Collection[str]) -> None:
    for word, place, is_stage in (each for node, _ in walk(tree) for each in _named(node)):
        known = stages if is_stage else lifecycles
        if word not in known:
            what = "stage" if is_stage else "lifecycle"
            hint = nearest(word, sorted(known)) or f" There are {', '.join(sorted(known)[:20])}."
            raise RuleInvalid(f"There is no {what} '{clip(word)}'.{hint}", place=place)


def _named(node: Node) -> Iterator[tuple[str, Place | None, bool]]:
    """The keys in a condition: each with its place, and whether it is that of a stage."""
    match node:
        case EverInStage(key=key, lifecycle=lifecycle):
            yield key, node.place, True
            if lifecycle is not None:
                yield lifecycle, node.place, False
        case Compare(subject=FieldRef(path=path) as subject) if path[-1] in _FIELDS and "customFields" not in path:
            if subject.argument is not None:
                yield subject.argument, node.place, False
            if node.operator in _WHOLE:
                values = node.value if isinstance(node.value, tuple) else (node.value,)
                yield from ((value, node.place, True) for value in values if isinstance(value, str))
