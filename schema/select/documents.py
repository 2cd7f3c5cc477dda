"""Documents: parsed, held against the limits and validated once, then kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)

from crm.errors import CrmError, TooComplex
from schema.select.cache import Recent
from schema.select.givens import Givens, givens
from schema.select.hints import hint
from schema.select.limits import MAX_TOKENS, check_document
from schema.select.selection import variables_in

MAX_KEPT = 1_000
MAX_KEPT_LENGTH = 50_000
MAX_PLANS = 64
"""Plans of one document: each boolean that its directives depend on doubles how many it could have."""


class Invalid(Exception):
    """The document cannot be carried out; `errors` say why."""

    def __init__(self, errors: list[GraphQLError], code: str) -> None:
        super().__init__(errors[0].message)
        self.errors = errors
        self.code = code


class NoOperation(CrmError):
    """The document has no such operation."""

    code = "BAD_REQUEST"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document."""

    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    givens: Mapping[str, Givens | None] = field(default_factory=dict)
    """How to read the variables of an operation, where they are plain; by the operation's name."""
    deciding: tuple[str, ...] = ()
    """The variables that `@skip` and `@include` depend on."""
    plans: Recent[Any, Any] = field(default_factory=lambda: Recent(MAX_PLANS))
    """Plans by operation and the truth values of its directives; see `plan`."""

    def operation(self, name: str | None) -> OperationDefinitionNode:
        if name:
            found = self.operations.get(name)
            if found is None:
                known = ", ".join(filter(None, self.operations)) or "one without a name"
                raise NoOperation(f"The document has no operation '{name[:60]}'; it has: {known}.")
            return found
        if len(self.operations) != 1:
            raise NoOperation(
                f"The document has {len(self.operations)} operations; say which one with `operationName`."
            )
        return next(iter(self.operations.values()))


class Documents:
    """The documents that were asked for lately."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.kept: Recent[str, Prepared] = Recent(MAX_KEPT)

    def prepared(self, text: str) -> Prepared:
        """The document; raises Invalid."""
        found = self.kept.get(text)
        if found is None:
            found = self.prepare(text)
            if len(text) <= MAX_KEPT_LENGTH:
                self.kept.put(text, found)
        return found

    def prepare(self, text: str) -> Prepared:
        try:
            node = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLSyntaxError as error:
            raise Invalid([error], "GRAPHQL_PARSE_FAILED") from None
        try:
            # Before validation, which is where documents that explode take their time.
            check_document(node)
        except GraphQLError as error:
            raise Invalid([error], TooComplex.code) from None
        errors = validate(self.schema, node, max_errors=20)
        if errors:
            raise Invalid([hint(self.schema, error) for error in errors], "GRAPHQL_VALIDATION_FAILED")
        operations = [part for part in node.definitions if isinstance(part, OperationDefinitionNode)]
        fragments = [part for part in node.definitions if isinstance(part, FragmentDefinitionNode)]
        return Prepared(
            node=node,
            operations={part.name.value if part.name else "": part for part in operations},
            fragments={part.name.value: part for part in fragments},
            givens={part.name.value if part.name else "": givens(part) for part in operations},
            deciding=deciding_variables(node),
        )


def deciding_variables(document: DocumentNode) -> tuple[str, ...]:
    """The variables that `@skip` and `@include` depend on."""
    found: dict[str, None] = {}
    waiting: list[Any] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                found |= dict.fromkeys(variables_in(directive))
        selection_set = getattr(node, "selection_set", None)
        if selection_set:
            waiting.extend(selection_set.selections)
    return tuple(found)
