"""Statements are kept between requests; what they are relative to is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from graphql import OperationDefinitionNode, parse

from crm.access import READ_SCOPES, Actor
from schema import execute
from schema.select.givens import givens, taken
from schema.select.request import GraphQLRequest
from tests import factories
from tests.factories import NOW, OWNER

RECENT = '{ customers(where: {orders: {some: {}, window: {last: 30, unit: "DAY"}}}) { nodes { displayName } } }'


async def names(document: str, days: int, actor: Actor = OWNER, **variables: Any) -> list[str]:
    """Whom a request finds that comes so many days from now."""
    response = await execute(GraphQLRequest(document, NOW + timedelta(days=days), variables), actor)
    return [node["displayName"] for node in orjson.loads(response.body)["data"]["customers"]["nodes"]]


async def test_a_relative_filter_counts_from_each_request(db: str) -> None:
    await factories.order(await factories.customer("Alice"), days_ago=10)
    assert [await names(RECENT, days) for days in (0, 15, 25, 1)] == [["Alice"], ["Alice"], [], ["Alice"]]


async def test_a_relative_row_filter_counts_from_each_request(db: str) -> None:
    await factories.order(await factories.customer("Alice"), days_ago=10)
    window = {"orders": {"some": {}, "window": {"last": 30, "unit": "DAY"}}}
    partner = factories.actor(*READ_SCOPES, row_filter=window)
    document = "{ customers { nodes { displayName } } }"
    assert [await names(document, days, partner) for days in (0, 25, 0)] == [["Alice"], [], ["Alice"]]


async def test_filters_in_variables_are_told_apart(db: str) -> None:
    for name, country in (("Alice", "IR"), ("Bob", "DE")):
        await factories.customer(name, country=country)
    document = "query ($where: CustomerWhere) { customers(where: $where) { nodes { displayName } } }"
    for country, found in (("IR", ["Alice"]), ("DE", ["Bob"]), ("IR", ["Alice"]), ("CN", [])):
        assert await names(document, 0, where={"country": {"eq": country}}) == found


@pytest.mark.parametrize(
    ("definition", "given", "expected"),
    [
        ("$a: ID!, $b: Int", {"a": "x", "b": 3}, {"a": "x", "b": 3}),
        ("$a: ID!, $b: Int", {"a": "x"}, {"a": "x"}),
        ("$a: String", {"a": None}, {"a": None}),
        ("$a: Boolean!", {"a": True, "more": 1}, {"a": True}),
        ("$a: ID!", {"a": 3}, None),
        ("$a: ID!", {}, None),
        ("$a: Int", {"a": True}, None),
        ("$a: Int", {"a": 2**31}, None),
        ("$a: Int = 3", {}, None),
        ("$a: [ID!]", {"a": ["x"]}, None),
    ],
)
def test_plain_variables_are_taken_and_all_others_left_to_graphql(
    definition: str, given: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    (operation,) = parse(f"query ({definition}) {{ me }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert taken(givens(operation), given) == expected
