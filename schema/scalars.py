"""Scalars beyond GraphQL's own; money and other exact numbers travel as strings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, ValueNode, is_specified_scalar_type
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
Rule = NewType("Rule", dict[str, Any])
RuleNumber = NewType("RuleNumber", object)
RuleTime = NewType("RuleTime", object)
RuleSpan = NewType("RuleSpan", object)
RuleWindow = NewType("RuleWindow", object)
RuleValue = NewType("RuleValue", object)


def _rule(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GraphQLError(f'A rule is an object such as {{country: {{eq: "IR"}}}}, not {str(value)[:60]!r}.')
    return value


def _instant(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"A time is written as in '2026-03-21T09:30:00Z', not {str(value)[:60]!r}.") from None
    if moment.tzinfo is None:
        raise GraphQLError(f"The time {str(value)[:60]!r} lacks its zone; end it with Z or an offset such as +03:30.")
    if not 1 < moment.year < 9999:
        raise GraphQLError(f"The time {str(value)[:60]!r} is out of range.")
    return moment.astimezone(UTC)


def _written(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt", description="A whole number that may not fit into 32 bits.", serialize=int, parse_value=int
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, as RFC 3339 writes it, in UTC: `2026-03-21T09:30:00.000000Z`.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=_written,
        parse_value=_instant,
    ),
    Rule: strawberry.scalar(
        name="Rule",
        description=(
            'A rule in its tree form: `{country: {in: ["IR", "DE"]}, orders: {count: {gte: 3}}}`; several keys mean '
            "AND, and AND, OR, NOT combine rules."
        ),
        parse_value=_rule,
    ),
    # What these hold is read by the rule language, whose errors name the place and the nearest word.
    RuleNumber: strawberry.scalar(
        name="RuleNumber",
        description='A number, as `3` or `"500.50"`; in another currency `{amount: "5", currency: "EUR"}`.',
    ),
    RuleTime: strawberry.scalar(
        name="RuleTime", description='A day or a moment, as `"2026-03-21"`, or `{ago: 30, unit: DAY}`.'
    ),
    RuleSpan: strawberry.scalar(name="RuleSpan", description="A length of time, as `{span: 30, unit: DAY}`."),
    RuleWindow: strawberry.scalar(
        name="RuleWindow",
        description='A stretch of time, as `{last: 90, unit: DAY}`, `{this: MONTH}` or `{from: "2026-01-01"}`.',
    ),
    RuleValue: strawberry.scalar(name="RuleValue", description="A value of the field that is compared."),
}


def place_errors(schema: GraphQLSchema) -> None:
    """Let what is wrong with a literal of our scalars be shown where it stands; by itself it comes without a place."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind):
            kind.parse_literal = _placing(kind.parse_literal)  # type: ignore[method-assign]


def _placing(parse: Callable[..., Any]) -> Callable[..., Any]:
    def placed(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return parse(node, variables)
        except GraphQLError as error:
            raise GraphQLError(error.message, error.nodes or node, original_error=error.original_error) from None

    return placed
