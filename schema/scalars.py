"""Scalars beyond GraphQL's own; money and other exact numbers travel as strings."""

from __future__ import annotations

from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
Rule = NewType("Rule", dict)


def _rule(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GraphQLError(f'A rule is an object such as {{country: {{eq: "IR"}}}}, not {str(value)[:60]!r}.')
    return value


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt", description="A whole number that may not fit into 32 bits.", serialize=int, parse_value=int
    ),
    Rule: strawberry.scalar(
        name="Rule",
        description=(
            "A rule in its tree form: `{country: {in: [\"IR\", \"DE\"]}, orders: {count: {gte: 3}}}`; several keys mean "
            "AND, and AND, OR, NOT combine rules."
        ),
        parse_value=_rule,
    ),
}
