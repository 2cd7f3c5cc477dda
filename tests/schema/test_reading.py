"""What reading promises beyond equal answers."""

from __future__ import annotations

import pytest

from crm.access import Scope
from models import Customer, Identity, IdentityKind, Order
from schema import execute, reader
from schema.select.documents import MAX_PLANS
from schema.select.request import GraphQLRequest
from tests import factories
from tests.factories import NOW, OWNER, everything_but
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
    (plan,) = prepared.plans.entries.values()
    assert len(plan.texts.kept) == 1


async def test_an_identity_is_looked_up_by_variables_inside_of_it_in_one_text(world: World) -> None:
    document = "query($v: String!) { customer(identity: {kind: EMAIL, value: $v}) { id } }"
    for value in ("a@example.org", "b@example.org"):
        assert (await ask(document, {"v": value})).data == {"customer": None}
    prepared = reader.documents.kept.get(document)
    assert prepared
    (plan,) = prepared.plans.entries.values()
    assert len(plan.texts.kept) == 1


async def test_ids_in_variables_of_their_own_are_read_by_their_kinds(world: World) -> None:
    document = "query($a: ID!, $b: ID!) { nodes(ids: [$a, $b]) { __typename id } }"
    customer, order = f"cus_{world.of(Customer)[0].id}", f"ord_{world.of(Order)[0].id}"
    for one, other in ((customer, order), (order, customer), (order, order)):
        answer = await ask(document, {"a": one, "b": other})
        assert [row["id"] for row in answer.data["nodes"]] == [one, other]


async def test_a_document_of_which_nothing_is_left_has_an_empty_answer(world: World) -> None:
    answer = await ask("query($no: Boolean!) { ... @skip(if: $no) { me { label } a: me { label } } }", {"no": True})
    assert (answer.data, "errors" in answer.body) == ({}, False)


async def test_booleans_make_only_so_many_plans(world: World) -> None:
    names = [f"v{number}" for number in range(8)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    document = f"query({head}) {{ {' '.join(f'{n}: me @skip(if: ${n}) {{ label }}' for n in names)} b: __typename }}"
    for number in range(MAX_PLANS + 5):
        await ask(document, {name: bool(number >> place & 1) for place, name in enumerate(names)})
    prepared = reader.documents.kept.get(document)
    assert prepared
    assert len(prepared.plans) == MAX_PLANS


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


async def test_a_customer_tells_its_primary_address_to_who_may_see_it(db: str) -> None:
    customer = await factories.customer()
    for number, kind in enumerate([IdentityKind.EMAIL, IdentityKind.EMAIL, IdentityKind.PHONE]):
        value = f"value{number}"
        await Identity.create(customer=customer, kind=kind, value=value, normalized=value, is_primary=number == 1)
    document = "{ customers { nodes { email phone } } }"
    assert (await ask(document)).data == {"customers": {"nodes": [{"email": "value1", "phone": "value2"}]}}
    refused = await ask(document, actor=everything_but(Scope.PII_READ))
    assert refused.errors[0]["extensions"]["missingScope"] == "pii:read"
