"""Scopes and row filters are part of the statement; what is refused is refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from crm import customers
from crm.access import READ_SCOPES, Scope
from crm.identities import IdentityInput
from models import Customer, IdentityKind, Order
from tests.factories import NOW, OWNER, actor, everything_but
from tests.schema.asking import ask
from tests.schema.world import World

REFUSALS = [
    ("{ customers { nodes { id } } }", Scope.CUSTOMER_READ, ["customers"]),
    ("{ customers { nodes { identities { value } } } }", Scope.PII_READ, ["customers", "nodes", "identities"]),
    ("{ customers { nodes { o: orders { nodes { id } } } } }", Scope.ORDER_READ, ["customers", "nodes", "o"]),
    ("{ customers { edges { node { owner { id } } } } }", Scope.STAFF_READ, ["customers", "edges", "node", "owner"]),
    ("{ customers(orderBy: [{field: CLV}]) { nodes { id } } }", Scope.VALUE_READ, ["customers"]),
    ("{ customers(where: {orders: {count: {gte: 1}}}) { nodes { id } } }", Scope.ORDER_READ, ["customers"]),
    ("{ customers(where: {identities: {some: {}}}) { nodes { id } } }", Scope.PII_READ, ["customers"]),
    ('{ customer(identity: {kind: EMAIL, value: "a@example.org"}) { id } }', Scope.PII_READ, ["customer"]),
    ("{ products { nodes { unitCost { amount } } } }", Scope.COST_READ, ["products", "nodes", "unitCost"]),
    ("{ tokens { nodes { id } } }", Scope.TOKEN_MANAGE, ["tokens"]),
    ("{ auditEntries { nodes { id } } }", Scope.AUDIT_READ, ["auditEntries"]),
    (
        'mutation { customerCreate(input: {displayName: "X"}) { customer { orders { nodes { id } } } } }',
        Scope.ORDER_READ,
        ["customerCreate", "customer", "orders"],
    ),
]


@pytest.mark.parametrize(("document", "scope", "path"), REFUSALS, ids=[document for document, _, _ in REFUSALS])
async def test_a_missing_scope_is_named_with_its_place(
    world: World, document: str, scope: Scope, path: list[str]
) -> None:
    answer = await ask(document, actor=everything_but(scope))
    assert answer.response.status == 403
    assert answer.code == "FORBIDDEN"
    assert answer.errors[0]["extensions"]["missingScope"] == scope.value
    assert answer.errors[0]["path"] == path
    assert not [text for text in answer.statements if "field_definition" not in text and "_setting" not in text]


async def test_a_text_that_one_actor_may_read_is_not_kept_for_another(world: World) -> None:
    document = "{ customers(first: 1, where: {orders: {count: {gte: 1}}}) { nodes { id } } }"
    assert not (await ask(document)).response.errors
    assert (await ask(document, actor=everything_but(Scope.ORDER_READ))).code == "FORBIDDEN"


IRANIANS: dict[str, Any] = {"country": {"eq": "IR"}}


async def test_nothing_outside_the_row_filter_exists(world: World) -> None:
    partner = actor(*READ_SCOPES, row_filter=IRANIANS)
    seen = {f"cus_{row.id}" for row in world.of(Customer) if row.country == "IR"}
    data = (await ask(ROWS, actor=partner)).data
    assert {row["id"] for row in data["customers"]["nodes"]} == seen
    for row in (*data["orders"]["nodes"], *data["interactions"]["nodes"], *data["costEntries"]["nodes"]):
        assert row["customer"]["id"] in seen
    for row in data["relationships"]["nodes"]:
        assert {row["customer"]["id"], row["related"]["id"]} <= seen
    for row in data["segments"]["nodes"]:
        assert {member["id"] for member in row["members"]["nodes"]} <= seen
    for row in data["events"]["nodes"]:
        assert row["customer"] is None or row["customer"]["id"] in seen
    assert data["customers"]["count"]["value"] == len(seen)


ROWS = """{
  customers(first: 100, archived: null) { nodes { id } count { value } }
  orders(first: 100) { nodes { customer { id } } }
  interactions(first: 100) { nodes { customer { id } } }
  costEntries(first: 100) { nodes { customer { id } } }
  relationships(first: 100) { nodes { customer { id } related { id } } }
  segments(archived: null) { nodes { members(first: 100) { nodes { id } } } }
  events(first: 100) { nodes { customer { id } } }
}"""


async def test_ids_outside_the_row_filter_lead_nowhere(world: World) -> None:
    partner = actor(*READ_SCOPES, row_filter=IRANIANS)
    hidden = next(row for row in world.of(Customer) if row.country != "IR")
    order = next(row for row in world.of(Order) if row.customer_id == hidden.id)
    document = """query($c: ID!, $o: ID!, $all: [ID!]!) {
      customer(id: $c) { id } order(id: $o) { id } node(id: $c) { id } nodes(ids: $all) { id }
    }"""
    ids = {"c": f"cus_{hidden.id}", "o": f"ord_{order.id}"}
    data = (await ask(document, {**ids, "all": list(ids.values())}, partner)).data
    assert data == {"customer": None, "order": None, "node": None, "nodes": [None, None]}


async def test_figures_over_all_customers_are_refused_to_those_who_see_some(world: World) -> None:
    partner = actor(*READ_SCOPES, row_filter=IRANIANS)
    assert (await ask("{ segments { nodes { size } } }", actor=partner)).code == "FORBIDDEN"


SEARCH = "query($s: String) { customers(search: $s) { nodes { displayName } } }"


@pytest.mark.parametrize("sought", ["leyla.secret@example.org", "secret", "example", "+982112345678", "12345678"])
async def test_a_search_does_not_tell_identities_to_those_who_may_not_read_them(db: str, sought: str) -> None:
    kinds = {IdentityKind.EMAIL: "leyla.secret@example.org", IdentityKind.PHONE: "+982112345678"}
    given = [IdentityInput(kind, value) for kind, value in kinds.items()]
    await customers.create(OWNER, fields={"given_name": "Leyla", "family_name": "Rad"}, given_identities=given, now=NOW)
    blind = actor(Scope.CUSTOMER_READ)
    assert (await ask(SEARCH, {"s": sought}, blind)).data["customers"]["nodes"] == []
    assert (await ask(SEARCH, {"s": "leyla"}, blind)).data["customers"]["nodes"] == [{"displayName": "Leyla Rad"}]
    assert len((await ask(SEARCH, {"s": "secret@example.org"})).data["customers"]["nodes"]) == 1
