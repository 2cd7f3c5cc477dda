"""The values of plain variables, read without graphql-core, which takes a while even for a single id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import NamedTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode

MAX_INT = 2**31

PLAIN: dict[str, Callable[[Any], bool]] = {
    "ID": lambda value: type(value) is str,
    "String": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -MAX_INT <= value < MAX_INT,
}
"""Values that are taken as they are, by the name of their type; all others are graphql-core's to judge."""

Givens = tuple[tuple[str, Callable[[Any], bool], bool], ...]
"""Of each variable its name, what it has to pass, and whether it has to be given."""


def givens(operation: OperationDefinitionNode) -> Givens | None:
    """How to read an operation's variables; None when one of them needs more than to be looked at."""
    found = []
    for definition in operation.variable_definitions or ():
        kind, required = _named(definition.type)
        if kind not in PLAIN or definition.default_value is not None:
            return None
        found.append((definition.variable.name.value, PLAIN[kind], required))
    return tuple(found)


def _named(node: TypeNode) -> tuple[str, bool]:
    if isinstance(node, NonNullTypeNode):
        return _named(node.type)[0], True
    return (node.name.value if isinstance(node, NamedTypeNode) else ""), False


def taken(wanted: Givens | None, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The variables; None when one is not plainly right."""
    if wanted is None:
        return None
    found: dict[str, Any] = {}
    for name, fits, required in wanted:
        value = given.get(name)
        if value is None:
            if required:
                return None
            if name in given:
                found[name] = None
        elif fits(value):
            found[name] = value
        else:
            return None
    return found
