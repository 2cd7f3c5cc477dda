"""What one operation of a document comes to: its root fields that compile, and where records are read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode, OperationType

from schema.select.cache import Recent
from schema.select.documents import Invalid, Prepared
from schema.select.render import Memory
from schema.select.rendered import Rendered
from schema.select.selection import Selected, Spread, collect
from schema.select.sources import Source, source_behind
from schema.select.types import table_or_none

MAX_TEXTS = 100
MUTATION_COST = 10
MUTATION = OperationType.MUTATION
INTROSPECTION_COSTS = {"__schema": 2_500, "__type": 100}
"""The whole schema takes the server as long to tell as some thousand rows."""


@dataclass(slots=True)
class Texts:
    """The statements of one set of selected fields, by what shapes them."""

    memory: Memory = field(default_factory=Memory)
    kept: Recent[Any, Rendered] = field(default_factory=lambda: Recent(MAX_TEXTS))


@dataclass(frozen=True, slots=True)
class Plan:
    """What one operation of a document comes to.

    `reads` are the root fields that compile. `sites` are the places under other fields where a record is read back,
    by their path; each has a statement of its own.
    """

    operation: OperationDefinitionNode
    roots: tuple[Selected, ...]
    reads: tuple[Selected, ...]
    sites: Mapping[tuple[str, ...], Selected]
    heads: Mapping[str, bytes]
    fields: tuple[tuple[Selected, Source], ...] = ()
    texts: Texts = field(default_factory=Texts)
    site_texts: Mapping[tuple[str, ...], Texts] = field(default_factory=dict)
    surcharge: int = 0
    """What the root fields cost beside the rows that they return."""

    @property
    def fast(self) -> bool:
        """Whether the statement is the whole answer."""
        return len(self.reads) == len(self.roots)


def plan_of(
    schema: GraphQLSchema, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Plan:
    """The plan of an operation, kept for each truth of its directives."""
    # Another operation of the document may have other variables; what is absent decides nothing here.
    truths = {name: variables[name] for name in prepared.deciding if name in variables}
    if None in truths.values():
        raise _undecided(operation, next(name for name, truth in truths.items() if truth is None))
    key = (operation.name.value if operation.name else "", *truths.values())
    found = prepared.plans.get(key)
    if found is None:
        found = _planned(schema, prepared, operation, truths)
        prepared.plans.put(key, found)
    return found


def _undecided(operation: OperationDefinitionNode, name: str) -> Invalid:
    """The refusal of null where a directive needs to know."""
    places = [given for given in operation.variable_definitions or () if given.variable.name.value == name]
    error = GraphQLError(f"Variable '${name}' is null, but a directive needs true or false.", places)
    return Invalid([error], "BAD_USER_INPUT")


def _planned(
    schema: GraphQLSchema, prepared: Prepared, operation: OperationDefinitionNode, truths: Mapping[str, bool]
) -> Plan:
    kind = schema.get_root_type(operation.operation)
    assert kind
    roots = collect(Spread(schema, prepared.fragments, truths), kind, [operation.selection_set], ())
    typename = {root.key: kind.name for root in roots if root.name == "__typename"}
    reads = tuple(root for root in roots if source_behind(root.definition) or root.key in typename)
    sites = {site.path: site for root in roots if root not in reads for site in _sites(root)}
    heads = {root.key: orjson.dumps(root.key) + b":" for root in roots}
    return Plan(
        operation,
        roots,
        reads,
        sites,
        heads,
        fields=with_sources(reads),
        site_texts={path: Texts() for path in sites},
        surcharge=sum(map(_surcharge, roots)) + MUTATION_COST * len(roots) * (operation.operation is MUTATION),
    )


def _surcharge(root: Selected) -> int:
    return INTROSPECTION_COSTS.get(root.name, 0)


def with_sources(fields: tuple[Selected, ...]) -> tuple[tuple[Selected, Source], ...]:
    return tuple((one, source) for one in fields if (source := source_behind(one.definition)) is not None)


def _sites(selected: Selected) -> Iterator[Selected]:
    """The places at or under a field with a resolver of its own where a record is read back."""
    if not isinstance(selected.named, GraphQLObjectType) or selected.name.startswith("__"):
        return
    if table_or_none(selected.named):
        yield selected
        return
    for child in selected.children:
        yield from _sites(child)
