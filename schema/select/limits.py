"""What a document may ask for, held against it in one pass before anything else looks at it.

A fragment is measured once and its measure added wherever it is spread, so that documents whose fragments multiply
each other are refused as fast as small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from crm.errors import CrmError, TooComplex, ValidationFailed

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
MAX_OBJECTS = 2_000
"""Objects in variables: each is held against all the fields of its type."""
MAX_COST = 10_000
MAX_NAME = 63
"""Response keys become names of columns, which PostgreSQL cuts at 63 bytes."""
DEPTHS = ("depth", "introspection")


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


def too_complex(message: str, node: Node | None, **details: Any) -> GraphQLError:
    """The refusal of a document, at the place in it from which on it is too much."""
    return GraphQLError(message, node, original_error=TooComplex(message, **details))


def check_document(document: DocumentNode) -> None:
    """Raise the refusal of a document that asks for too much, whichever of its operations is meant."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measuring = _Measuring(fragments)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _judge(measuring, node)
        elif isinstance(node, FragmentDefinitionNode):
            measuring.fragment(node.name.value)  # one that no operation spreads is validated all the same


def _judge(measuring: _Measuring, operation: OperationDefinitionNode) -> None:
    found = measuring.selection(operation.selection_set)
    most = MAX_ROOT_MUTATIONS if operation.operation is OperationType.MUTATION else MAX_ROOTS
    limits = (
        ("is nested", "depth", MAX_DEPTH, "levels deep"),
        ("is nested", "introspection", MAX_INTROSPECTION_DEPTH, "levels deep"),
        ("has", "aliases", MAX_ALIASES, "aliases"),
        ("asks for", "fields", MAX_FIELDS, "fields"),
        ("has", "directives", MAX_DIRECTIVES, "directives"),
        ("has", "roots", most, "fields at its root"),
    )
    for verb, name, limit, noun in limits:
        value = getattr(found, name)
        if value > limit:
            shown = f"{value:,}" if value < 1_000_000 else "millions of"
            message = f"The document {verb} {shown} {noun}; at most {limit:,}: split it up."
            raise too_complex(message, _Pointing(measuring, name, limit).at(operation.selection_set), limit=limit)


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
        return total

    def one(self, node: Any) -> Measure:
        if isinstance(node, FieldNode):
            found = self.field(node)
        elif isinstance(node, FragmentSpreadNode):
            found = self.fragment(node.name.value)
        else:
            found = self.selection(node.selection_set)
        return found + Measure(directives=len(node.directives)) if node.directives else found

    def field(self, node: FieldNode) -> Measure:
        if node.alias and len(node.alias.value) > MAX_NAME:
            message = f"The alias '{node.alias.value[:20]}…' is too long; at most {MAX_NAME} characters."
            raise too_complex(message, node)
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


@dataclass(slots=True)
class _Pointing:
    """Looks for the selection with which a measure goes above its limit, without spreading out what it can count."""

    measuring: _Measuring
    name: str
    left: int
    entered: set[str] = field(default_factory=set)

    def at(self, selection_set: SelectionSetNode) -> Any:
        """That selection; the fragments on the way are entered once, as those that spread themselves have no end."""
        inner: SelectionSetNode | None = selection_set
        node: Any = None
        while inner is not None:
            node = self.deepest(inner) if self.name in DEPTHS else self.first_beyond(inner)
            mine = self.counts(node)
            if mine > self.left:
                break
            self.left -= mine
            inner = self.inside(node)
        return node

    def first_beyond(self, selection_set: SelectionSetNode) -> Any:
        for node in selection_set.selections:
            found = self.measured(node)
            if found > self.left:
                return node
            self.left -= found
        return node

    def deepest(self, selection_set: SelectionSetNode) -> Any:
        return max(selection_set.selections, key=self.measured)

    def measured(self, node: Any) -> int:
        if isinstance(node, FragmentSpreadNode) and node.name.value in self.entered:
            return 0
        found = self.measuring.one(node)
        return max(found.introspection, found.depth) if self.name == "introspection" else int(getattr(found, self.name))

    def counts(self, node: Any) -> int:
        """What the node itself adds to the measure."""
        if self.name == "directives":
            return len(node.directives or ())
        return int(isinstance(node, FieldNode) and (self.name != "aliases" or node.alias is not None))

    def inside(self, node: Any) -> SelectionSetNode | None:
        if not isinstance(node, FragmentSpreadNode):
            return None if self.name == "roots" and isinstance(node, FieldNode) else node.selection_set
        self.entered.add(node.name.value)
        fragment = self.measuring.fragments.get(node.name.value)
        return fragment.selection_set if fragment else None


def check_literal(value: Any) -> None:
    """Raise the refusal of a list in the document with too many entries."""
    if isinstance(value, ListValueNode):
        if len(value.values) > MAX_LIST:
            raise too_complex(_too_long(len(value.values)), value, limit=MAX_LIST)
        for item in value.values:
            check_literal(item)
    elif isinstance(value, ObjectValueNode):
        for entry in value.fields:
            check_literal(entry.value)


def check_variables(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Raise the refusal of variables that hold lists with too many entries, nest too deep, or hold too much."""
    objects = 0
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        try:
            objects += _objects(variables.get(name), name)
            if objects > MAX_OBJECTS:
                raise TooComplex(
                    f"The variables hold more than {MAX_OBJECTS:,} objects: send them in parts.",
                    path=("variables", name),
                    limit=MAX_OBJECTS,
                )
        except CrmError as error:
            raise GraphQLError(error.message, definition, original_error=error) from None


def _objects(variable: Any, name: str) -> int:
    """How many objects a variable holds, counted without recursion up to a little more than may be."""
    waiting, objects = [(variable, 1)], 0
    while waiting and objects <= MAX_OBJECTS:
        value, depth = waiting.pop()
        if not isinstance(value, dict | list):
            continue
        if depth > MAX_INPUT_DEPTH:
            raise ValidationFailed(
                f"'${name}' nests more than {MAX_INPUT_DEPTH} levels deep.", path=("variables", name)
            )
        if isinstance(value, list) and len(value) > MAX_LIST:
            raise TooComplex(_too_long(len(value)), path=("variables", name), limit=MAX_LIST)
        objects += isinstance(value, dict)
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        waiting.extend((item, depth + 1) for item in inner)
    return objects


def _too_long(length: int) -> str:
    return f"A list in the input has {length:,} entries; at most {MAX_LIST}: send it in parts."


def too_costly(cost: int, most: str) -> TooComplex:
    """The refusal of a request that may return too much; `most` is what takes the largest part."""
    return TooComplex(
        f"The document costs {cost:,} points, '{most}' most of them; at most {MAX_COST:,} a request: ask for smaller "
        "pages or less depth.",
        cost=cost,
        limit=MAX_COST,
    )
