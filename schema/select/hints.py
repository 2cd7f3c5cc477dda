"""Names that were probably meant, where a document asks a type for a field that it does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLNamedType, GraphQLSchema, get_named_type, is_input_type

UNKNOWN = re.compile(
    r"Cannot query field '(?P<field>\w+)' on type '(?P<kind>\w+)'\.$"
    r"|Expected value of type '(?P<input>\w+)' not to include unknown field '(?P<key>\w+)', found"
)
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
MOST = 5
ELSEWHERE = {
    ("CustomerWhere", "email"): "customer(identity: {kind: EMAIL, value: …})",
    ("CustomerWhere", "phone"): "customer(identity: {kind: PHONE, value: …})",
}
"""What is asked for under other names than those of the fields."""


def hint(schema: GraphQLSchema, error: GraphQLError) -> GraphQLError:
    """The error, with the fields that have a word of the unknown one in their names, where nothing is suggested yet."""
    found = UNKNOWN.search(error.message)
    if found:
        kind, name = found["kind"] or found["input"], found["field"] or found["key"]
        elsewhere = ELSEWHERE.get((kind, name))
        meant = [elsewhere] if elsewhere else alike(fields_of(schema.type_map[kind]), name)
        said = ", ".join(f"'{one}'" for one in meant[:MOST])
        error.message += f" Did you mean {said}?" if said else ""
    return error


def alike(fields: Mapping[str, Any], name: str) -> list[str]:
    """The fields whose names share a word with a name; else those that lead to a field of the name."""
    wanted = words(name)
    named = [field for field in fields if wanted & words(field)]
    return named or [
        f"{key}: {{{name}: …}}" if is_input_type(field.type) else f"{key} {{ {name} }}"
        for key, field in fields.items()
        if name in fields_of(get_named_type(field.type))
    ]


def fields_of(kind: GraphQLNamedType) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(kind, "fields", {})
    return found


def words(name: str) -> set[str]:
    return {word.lower() for word in WORD.findall(name)}
