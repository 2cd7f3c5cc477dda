"""Holds a rule's stages against those that there are: nobody should wait for the customers of a stage misspelt."""

from __future__ import annotations

from collections.abc import Iterator

from crm.database import fetch
from crm.rules.faults import RuleInvalid, clip, nearest
from crm.rules.tree import Compare, EverInStage, FieldRef, Node, Operator, Place, walk

_FIELDS = frozenset({"stage", "fromStage", "toStage"})
_WHOLE = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
_KNOWN = "SELECT s.key, l.key AS lifecycle FROM stage s JOIN lifecycle l ON l.id = s.lifecycle_id"


async def refuse_unknown_stages(tree: Node) -> None:
    """Raise RuleInvalid for a stage or lifecycle that never was, with the nearest one and the place."""
    named = [each for node, _ in walk(tree) for each in _named(node)]
    rows = await fetch(_KNOWN) if named else []
    if not rows:
        return
    stages, lifecycles = sorted({row["key"] for row in rows}), sorted({row["lifecycle"] for row in rows})
    for word, place, is_stage in named:
        known = stages if is_stage else lifecycles
        if word not in known:
            what = "stage" if is_stage else "lifecycle"
            hint = nearest(word, known) or f" There are {', '.join(known[:20])}."
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
