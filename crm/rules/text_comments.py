"""Comments in the text of a rule: found, and hung on the condition that they speak of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crm.rules.faults import MAX_COMMENTS, RuleInvalid, string_fault
from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    Node,
    Not,
    Or,
    Place,
    Quantified,
    walk,
)

COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(#[^\n]*)')


def find_comments(text: str) -> list[tuple[Place, tuple[str, ...]]]:
    found = []
    for match in COMMENT.finditer(text):
        if match[1]:
            start = match.start()
            place = Place(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
            found.append((place, _lines(match[1][1:], place)))
    return found


def _lines(comment: str, place: Place) -> tuple[str, ...]:
    wrong = string_fault(comment)
    if wrong:
        raise RuleInvalid(wrong, place=place)
    return tuple(line.strip() for line in comment.splitlines() if line.strip())


def with_comments(tree: Node, comments: list[tuple[Place, tuple[str, ...]]]) -> Node:
    """Hang each comment on the condition that starts before it on its line, else on the next one, else on the last."""
    if not comments:
        return tree
    leaves = [node for node, _ in walk(tree) if not isinstance(node, And | Or | Not)]
    hung: dict[int, tuple[str, ...]] = {}
    for place, lines in comments:
        owner = id(_owner(leaves, place))
        hung[owner] = (*hung.get(owner, ()), *lines)
        if len(hung[owner]) > MAX_COMMENTS:
            raise RuleInvalid(f"A condition has at most {MAX_COMMENTS} lines of comment.", place=place)
    return _rebuilt(tree, hung)


def _owner(leaves: Sequence[Node], place: Place) -> Node:
    spots = [(leaf.place.line, leaf.place.column, leaf) for leaf in leaves if leaf.place]
    here = [leaf for line, column, leaf in spots if line == place.line and column < place.column]
    after = [leaf for line, column, leaf in spots if (line, column) > (place.line, place.column)]
    return here[-1] if here else (after or [leaves[-1]])[0]


def _rebuilt(node: Node, hung: dict[int, tuple[str, ...]]) -> Node:
    match node:
        case And() | Or():
            return replace(node, items=tuple(_rebuilt(item, hung) for item in node.items))
        case Not():
            return replace(node, item=_rebuilt(node.item, hung))
    comments = hung.get(id(node), ())
    match node:
        case Quantified(inner=inner) if inner:
            return replace(node, inner=_rebuilt(inner, hung), comments=comments)
        case Compare(subject=Aggregate(inner=inner) as subject) if inner:
            return replace(node, subject=replace(subject, inner=_rebuilt(inner, hung)), comments=comments)
    return replace(node, comments=comments)
