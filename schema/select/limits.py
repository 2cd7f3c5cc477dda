"""What a document may ask for, held against it in one pass before anything else looks at it.

A fragment is measured once and its measure added wherever it is spread, so that documents whose fragments multiply
each other are refused as fast as small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from crm.errors import TooComplex, ValidationFailed

MAX_TOKENS = 2_000
MAX_DEPTH = 12
MAX_INTROSPECTION_DEPTH = 16
MAX_ALIASES = 30
MAX_FIELDS = 3_000
MAX_ROOTS = 20
MAX_ROOT_MUTATIONS = 5
MAX_DIRECTIVES = 50
MAX_LIST = 250
MAX_INPUT_DEPTH = 40
MAX_COST = 10_000
MAX_NAME = 63
"""Response keys become names of columns, which PostgreSQL cuts at 63 bytes."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How large a selection is with all its fragments spread out; `roots` are the fields of its first level."""

    depth: int = 0
    introspection: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0
    roots: int = 0

    def __add__(self, other: Measure) -> Measure:
        return Measure(
            max(self.depth, other.depth),
            max(self.introspection, other.introspection),
            self.aliases + other.aliases,
            self.fields + other.fields,
            self.directives + other.directives,
            self.roots + other.roots,
        )


def check_document(document: DocumentNode) -> None:
    """Raise TooComplex for a document that asks for too much, whichever of its operations is meant."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measuring = _Measuring(fragments)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _judge(measuring.selection(node.selection_set), node.operation is OperationType.MUTATION)
        elif isinstance(node, FragmentDefinitionNode):
            measuring.fragment(node.name.value)  # one that no operation spreads is validated all the same


def _judge(found: Measure, mutation: bool) -> None:
    most = MAX_ROOT_MUTATIONS if mutation else MAX_ROOTS
    limits = (
        ("is nested", found.depth, MAX_DEPTH, "levels deep"),
        ("is nested", found.introspection, MAX_INTROSPECTION_DEPTH, "levels deep"),
        ("has", found.aliases, MAX_ALIASES, "aliases"),
        ("asks for", found.fields, MAX_FIELDS, "fields"),
        ("has", found.directives, MAX_DIRECTIVES, "directives"),
        ("has", found.roots, most, "fields at its root"),
    )
    for verb, value, limit, noun in limits:
        if value > limit:
            shown = f"{value:,}" if value < 1_000_000 else "millions of"
            raise TooComplex(f"The document {verb} {shown} {noun}; at most {limit:,}: split it up.", limit=limit)


class _Measuring:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.known: dict[str, Measure | None] = {}

    def fragment(self, name: str) -> Measure:
        if name not in self.known:
            self.known[name] = None
            node = self.fragments.get(name)
            self.known[name] = self.selection(node.selection_set) if node else Measure()
        # A fragment that is still being measured spreads itself; validation says so to the client.
        return self.known[name] or Measure()

    def selection(self, selection_set: SelectionSetNode | None) -> Measure:
        total = Measure()
        for node in selection_set.selections if selection_set else ():
            total += self.one(node)
            if node.directives:
                total += Measure(directives=len(node.directives))
        return total

    def one(self, node: Any) -> Measure:
        if isinstance(node, FieldNode):
            return self.field(node)
        if isinstance(node, FragmentSpreadNode):
            return self.fragment(node.name.value)
        return self.selection(node.selection_set)

    def field(self, node: FieldNode) -> Measure:
        if node.alias and len(node.alias.value) > MAX_NAME:
            raise TooComplex(f"The alias '{node.alias.value[:20]}…' is too long; at most {MAX_NAME} characters.")
        for argument in node.arguments or ():
            check_literal(argument.value)
        inner = self.selection(node.selection_set)
        meta = node.name.value in ("__schema", "__type")
        depth = 0 if meta else inner.depth + 1
        below = max(inner.introspection, inner.depth)
        return Measure(
            depth,
            below + 1 if meta else inner.introspection,
            inner.aliases + (node.alias is not None),
            inner.fields + 1,
            inner.directives,
            1,
        )


def check_literal(value: Any) -> None:
    """Raise TooComplex for a list in the document with too many entries."""
    if isinstance(value, ListValueNode):
        _few(len(value.values))
        for item in value.values:
            check_literal(item)
    elif isinstance(value, ObjectValueNode):
        for entry in value.fields:
            check_literal(entry.value)


def check_variables(variables: Mapping[str, Any]) -> None:
    """Raise for variables that hold lists with too many entries or nest too deep; needs no recursion."""
    waiting: list[tuple[Any, int]] = [(variables, 0)]
    while waiting:
        value, depth = waiting.pop()
        if not isinstance(value, dict | list):
            continue
        if depth > MAX_INPUT_DEPTH:
            raise ValidationFailed(f"The variables nest more than {MAX_INPUT_DEPTH} levels deep.", path=("variables",))
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        if isinstance(value, list):
            _few(len(value))
        waiting.extend((item, depth + 1) for item in inner)


def _few(length: int) -> None:
    if length > MAX_LIST:
        raise TooComplex(f"A list in the input has {length:,} entries; at most {MAX_LIST}: send it in parts.")


def check_cost(cost: int) -> None:
    if cost > MAX_COST:
        raise TooComplex(
            f"The document costs {cost:,} points; at most {MAX_COST:,} a request: ask for smaller pages or less depth.",
            cost=cost,
            limit=MAX_COST,
        )
