"""From a document's selection sets to a tree: fragments spread, directives decided, equal response keys merged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInputType,
    GraphQLNamedOutputType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues
from graphql.language import Visitor, visit
from graphql.utilities import coerce_input_literal
from strawberry.schema.schema_converter import GraphQLCoreConverter

from crm.errors import ValidationFailed

Truths = Mapping[str, bool]
"""The variables that directives depend on, with their values."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What a field is given: a constant of the document, or something that each request's variables decide."""

    constant: Any
    variables: tuple[str, ...]
    reader: Callable[[Mapping[str, Any]], Any] | None = None

    def read(self, variables: Mapping[str, Any]) -> Any:
        return self.reader(variables) if self.reader else self.constant


@dataclass(frozen=True, slots=True)
class Spread:
    """The parts of a document that selection walks through."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    truths: Truths


@dataclass(slots=True)
class Selected:
    """One entry of the response: a field, under its key, with all selection sets that were given for it."""

    key: str
    name: str
    coordinate: str
    path: tuple[str, ...]
    definition: GraphQLField
    nodes: list[FieldNode]
    arguments: dict[str, Argument]
    spread: Spread
    named: GraphQLNamedOutputType
    parts: dict[str, tuple[Selected, ...]] = field(default_factory=dict)

    def on(self, concrete: GraphQLObjectType) -> tuple[Selected, ...]:
        """What is selected of this field when its value is of this type."""
        found = self.parts.get(concrete.name)
        if found is None:
            sets = [node.selection_set for node in self.nodes if node.selection_set]
            found = self.parts[concrete.name] = collect(self.spread, concrete, sets, self.path)
        return found

    @property
    def name_in_python(self) -> str:
        declared = self.definition.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        return str(declared.python_name)

    @property
    def children(self) -> tuple[Selected, ...]:
        assert isinstance(self.named, GraphQLObjectType)
        return self.on(self.named)


def collect(
    spread: Spread, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]
) -> tuple[Selected, ...]:
    """The entries that an object of this type answers with, in the order of the document."""
    grouped: dict[str, list[FieldNode]] = {}
    seen: set[str] = set()
    for selection_set in sets:
        for node in _fields(spread, parent, selection_set, seen):
            grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
    return tuple(_selected(spread, parent, key, nodes, path) for key, nodes in grouped.items())


def _fields(
    spread: Spread, parent: GraphQLObjectType, selection_set: SelectionSetNode, seen: set[str]
) -> Iterator[FieldNode]:
    for node in selection_set.selections:
        if not _included(node, spread.truths):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else None
            if _applies(spread.schema, parent, condition):
                yield from _fields(spread, parent, node.selection_set, seen)
        else:
            name = node.name.value  # type: ignore[attr-defined]
            if name in seen:  # a fragment adds nothing when it is spread a second time
                continue
            seen.add(name)
            fragment = spread.fragments[name]
            if _applies(spread.schema, parent, fragment.type_condition.name.value):
                yield from _fields(spread, parent, fragment.selection_set, seen)


def _included(node: Any, truths: Truths) -> bool:
    for directive in node.directives or ():
        if directive.name.value not in ("skip", "include"):
            continue
        value = directive.arguments[0].value
        truth = truths[value.name.value] if isinstance(value, VariableNode) else value.value
        if truth == (directive.name.value == "skip"):
            return False
    return True


def _applies(schema: GraphQLSchema, parent: GraphQLObjectType, condition: str | None) -> bool:
    if condition is None or condition == parent.name:
        return True
    kind = schema.type_map[condition]
    return is_abstract_type(kind) and schema.is_sub_type(_abstract(kind), parent)


def _abstract(kind: Any) -> GraphQLAbstractType:
    return kind  # type: ignore[no-any-return]


def _selected(
    spread: Spread, parent: GraphQLObjectType, key: str, nodes: list[FieldNode], path: tuple[str, ...]
) -> Selected:
    node = nodes[0]
    name = node.name.value
    definition = spread.schema.get_field(parent, name) or TypeNameMetaFieldDef
    arguments = {given.name.value: given.value for given in node.arguments or ()}
    return Selected(
        key=key,
        name=name,
        coordinate=f"{parent.name}.{name}",
        path=(*path, key),
        definition=definition,
        nodes=nodes,
        arguments={
            argument: read
            for argument, declared in definition.args.items()
            if (read := _argument(arguments.get(argument), declared.type, declared.default_value)) is not None
        },
        spread=spread,
        named=cast(GraphQLNamedOutputType, get_named_type(definition.type)),
    )


def _argument(node: ValueNode | None, kind: GraphQLInputType, default: Any) -> Argument | None:
    absent = None if default is Undefined else default
    if node is None:
        return None if absent is None else Argument(absent, ())
    if isinstance(node, VariableNode):
        name = node.name.value
        return Argument(None, (name,), lambda variables: variables.get(name, absent))
    names = variables_in(node)
    if not names:
        return Argument(coerce_input_literal(node, kind), ())
    return Argument(None, names, lambda variables: _composed(node, kind, variables))


def _composed(node: ValueNode, kind: GraphQLInputType, variables: Mapping[str, Any]) -> Any:
    """A literal with variables inside it."""
    value = coerce_input_literal(node, kind, VariableValues({}, dict(variables)))
    if value is Undefined:
        raise ValidationFailed(
            f"The variables {', '.join('$' + name for name in variables_in(node))} do not make a value of {kind}; "
            "one that is needed is missing or null."
        )
    return value


class _Names(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.found[node.name.value] = None


def variables_in(node: Any) -> tuple[str, ...]:
    """The names of the variables that a part of a document uses, each once."""
    names = _Names()
    visit(node, names)
    return tuple(names.found)
