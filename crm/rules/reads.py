"""What a rule reads, so that only what can change its answer makes it be asked again."""

from __future__ import annotations

from dataclasses import dataclass

from crm.rules.fields import CUSTOMER, Catalogue, Noun, Relation, Since, find_customer, find_field, find_rows
from crm.rules.tree import (
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Node,
    Path,
    Presence,
    Quantified,
    children,
)
from crm.rules.windows import Moment, Window

SEGMENT = "segmentMembership"
STAGE_MOVE = "stageMove"


@dataclass(frozen=True, slots=True)
class Reads:
    """What a rule depends on: (noun, field) pairs, segments by key, and whether time alone can change its answer.

    `*` as a field stands for the coming and going of rows. `others` is true when fields of other customers are read.
    """

    fields: frozenset[tuple[str, str]]
    segments: frozenset[str]
    relative: bool
    others: bool


@dataclass(slots=True)
class _Reading:
    catalogue: Catalogue
    fields: set[tuple[str, str]]
    segments: set[str]
    relative: bool = False
    others: bool = False


def reads(tree: Node, catalogue: Catalogue, *, root: str = CUSTOMER) -> Reads:
    """Everything a checked rule reads."""
    state = _Reading(catalogue, set(), set())
    _node(tree, catalogue.noun(root), state)
    return Reads(frozenset(state.fields), frozenset(state.segments), state.relative, state.others)


def _node(node: Node, noun: Noun, state: _Reading) -> None:
    inner = noun
    match node:
        case Compare():
            inner = _compare(node, noun, state)
        case Quantified():
            inner = _rows(node.relation, noun, state, node.window)
        case InSegment():
            _segment(node, noun, state)
        case EverInStage():
            _through(noun, find_customer(state.catalogue, noun, node.path), state)
            state.fields.add((STAGE_MOVE, "*"))
    for child in children(node):
        _node(child, inner, state)


def _compare(node: Compare, noun: Noun, state: _Reading) -> Noun:
    """Note what a comparison reads; the noun that its inner rule speaks of."""
    values = node.value if isinstance(node.value, tuple) else (node.value,)
    state.relative |= any(isinstance(value, Moment) or _relative(value) for value in values)
    subject = node.subject
    if isinstance(subject, FieldRef):
        _field(subject.path, noun, state)
        return noun
    inner = _rows(subject.relation, noun, state, subject.window)
    if subject.field:
        _field((subject.field,), inner, state)
    if subject.function in (Function.FIRST, Function.LAST):
        state.fields.add((inner.key, inner.time or "*"))
    return inner


def _segment(node: InSegment, noun: Noun, state: _Reading) -> None:
    _through(noun, find_customer(state.catalogue, noun, node.path), state)
    state.segments.add(node.key)
    state.fields.add((SEGMENT, "*"))
    state.relative |= node.presence is Presence.AT or _relative(node.window)


def _relative(value: object) -> bool:
    return isinstance(value, Window) and value.relative


def _field(path: Path, noun: Noun, state: _Reading) -> None:
    found = find_field(state.catalogue, noun, path)
    _through(noun, found.rows, state)
    state.fields.add((found.noun.key, found.field.key))
    state.relative |= isinstance(found.field.source, Since)


def _rows(path: Path, noun: Noun, state: _Reading, window: Window | None) -> Noun:
    relations = find_rows(state.catalogue, noun, path)
    _through(noun, relations, state)
    target = state.catalogue.noun(relations[-1].target)
    if window is not None:
        state.relative |= window.relative
        state.fields.add((target.key, target.time or "*"))
    return target


def _through(noun: Noun, relations: tuple[Relation, ...], state: _Reading) -> None:
    here = noun.key
    for relation in relations:
        if relation.local != "id":
            state.fields.add((here, "*"))  # the key that points on stands in this row and can change
        state.fields.add((relation.target, "*"))
        state.others |= relation.target == CUSTOMER
        here = relation.target
