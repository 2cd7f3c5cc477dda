"""What reading promises beyond equal answers."""

from __future__ import annotations

import pytest

from models import Customer
from schema import execute, reader
from schema.select.request import GraphQLRequest
from tests.factories import NOW, OWNER
from tests.queries import counting
from tests.schema.asking import ask
from tests.schema.world import World

DOCUMENTS = [
    "{ customers(first: 5) { nodes { orders { nodes { lines { nodes { product { sku } } } } } } } }",
    "{ customers { nodes { id } } orders { nodes { id } } segments { nodes { members { nodes { id } } } } me { id } }",
    "{ customers { edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } count { value exact } } }",
    "{ lifecycle { stages { customers { nodes { stage { stage { key } } valueMetrics { clv { amount } } } } } } }",
]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_request_is_one_statement_however_deep_and_wide(world: World, document: str) -> None:
    assert len((await ask(document)).statements) == 1


async def test_the_statement_holds_no_values_of_the_client(world: World) -> None:
    secret = "a'b\"c; DROP TABLE customer"
    document = "query($s: String, $k: String!) { customers(search: $s) { nodes { customField(key: $k) } } }"
    answer = await ask(document, {"s": secret, "k": secret})
    assert not answer.response.errors
    assert "DROP" not in answer.statements[-1]


async def test_equal_shapes_have_equal_texts_and_other_values(world: World) -> None:
    document = "query($id: ID!, $n: Int) { customer(id: $id) { id orders(first: $n) { nodes { id } } } }"
    one, other = [f"cus_{row.id}" for row in world.of(Customer) if not row.merged_into_id][:2]
    first, second = await ask(document, {"id": one, "n": 3}), await ask(document, {"id": other, "n": 3})
    assert first.statements == second.statements
    assert (first.data["customer"]["id"], second.data["customer"]["id"]) == (one, other)
    prepared = reader.documents.kept.get(document)
    assert prepared
    (plan,) = (plan for key, plan in prepared.plans.items() if key != "deciding")
    assert len(plan.texts.kept) == 1


async def test_null_for_a_variable_means_that_it_is_not_given(world: World) -> None:
    document = (
        "query($key: String, $n: Int) { customers(first: $n) { nodes { stage(lifecycle: $key) { enteredAt } } } }"
    )
    with_null = (await ask(document, {"key": None, "n": None})).data
    assert with_null == (await ask(document)).data
    await ask(document, {"key": "nowhere", "n": 2})
    assert with_null == (await ask(document, {"key": None, "n": None})).data


async def test_introspection_and_plain_fields_stand_beside_compiled_ones(world: World) -> None:
    answer = await ask(
        '{ a: __typename customers(first: 1) { nodes { id } } __type(name: "Order") { name } b: __typename }'
    )
    assert list(answer.data) == ["a", "customers", "__type", "b"]
    assert answer.data["__type"] == {"name": "Order"}
    assert len(answer.statements) == 1


async def test_the_charge_comes_before_the_statement(world: World) -> None:
    class Refused(Exception):
        pass

    def charge(cost: int) -> None:
        raise Refused

    async with counting() as statements:
        response = await execute(GraphQLRequest("{ customers { nodes { id } } }", NOW, charge=charge), OWNER)
    assert response.errors
    assert statements == []
