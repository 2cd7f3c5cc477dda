"""Where the parts of a rule stand in its JSON form, as faults, previews and dependents tell it."""

from __future__ import annotations

from collections.abc import Iterator

from crm.rules.tree import Aggregate, And, Compare, EverInStage, FieldRef, InSegment, Node, Not, Or, Quantified

JsonPath = tuple[str, ...]


def places(tree: Node) -> Iterator[tuple[Node, JsonPath]]:
    """Every rule inside a rule with the path that leads to it, outer before inner; needs no recursion."""
    waiting: list[tuple[Node, JsonPath]] = [(tree, ())]
    while waiting:
        node, path = waiting.pop()
        yield node, (*path, *_own(node))
        waiting.extend(reversed(list(_inside(node, path))))


def _own(node: Node) -> JsonPath:
    match node:
        case Compare(subject=FieldRef(path=path)):
            return path
        case Compare(subject=Aggregate(relation=relation, function=function)):
            return (*relation, function.value)
        case Quantified(relation=relation, quantifier=quantifier):
            return (*relation, quantifier.value)
        case InSegment(path=path):
            return (*path, "segment")
        case EverInStage(path=path):
            return (*path, "everInStage")
    return ()


def _inside(node: Node, path: JsonPath) -> Iterator[tuple[Node, JsonPath]]:
    match node:
        case And() | Or():
            word = "AND" if isinstance(node, And) else "OR"
            for number, item in enumerate(node.items):
                yield item, (*path, word, str(number))
        case Not():
            yield node.item, (*path, "NOT")
        case Quantified(inner=inner) if inner:
            yield inner, (*path, *_own(node))
        case Compare(subject=Aggregate(inner=inner)) if inner:
            yield inner, (*path, *_own(node), "where")
