"""What lies outside a partner's row filter does not exist for it, however it asks."""

import pytest

from crm import relationships
from crm.access import READ_SCOPES, Actor
from models import RelationshipKind
from tests import factories
from tests.factories import OWNER
from tests.schema.asking import ask


@pytest.mark.parametrize(
    "where",
    [
        '{relationships: {some: {related: {city: {eq: "Secret"}}}}}',
        '{relationships: {none: {related: {city: {eq: "Open"}}}}}',
        '{relationships: {count: {gte: 1, where: {related: {displayName: {startsWith: "B"}}}}}}',
    ],
)
async def test_filters_do_not_walk_to_hidden_customers(db: str, where: str) -> None:
    alice = await factories.customer("Alice", country="IR", city="Open")
    bob = await factories.customer("Bob", country="DE", city="Secret")
    await relationships.create(OWNER, alice.id, bob.id, kind=RelationshipKind.PARTNER, fields={})
    partner = factories.actor(*READ_SCOPES, row_filter={"country": {"eq": "IR"}})
    document = f"{{ customers(where: {where}) {{ nodes {{ displayName }} }} }}"
    everybody, seen = await ask(document), await ask(document, actor=partner)
    expected = [{"displayName": "Alice"}] if "none" in where else []
    assert seen.data["customers"]["nodes"] == expected
    assert {"displayName": "Alice"} in everybody.data["customers"]["nodes"]


async def two_partners() -> tuple[str, Actor]:
    """Alice, who is seen, is a partner of Bob, who is not; and whoever sees so little."""
    alice = await factories.customer("Alice", country="IR", city="Open")
    bob = await factories.customer("Bob", country="DE", city="Secret")
    await relationships.create(OWNER, alice.id, bob.id, kind=RelationshipKind.PARTNER, fields={})
    return f"cus_{alice.id}", factories.actor(*READ_SCOPES, row_filter={"country": {"eq": "IR"}})


@pytest.mark.parametrize(
    "where",
    [
        "{relationships: {count: {gte: 1}}}",
        "{relationships: {some: {}}}",
        "{relationships: {some: {kind: {eq: PARTNER}}}}",
        "{relationships: {first: {field: createdAt, isEmpty: false}}}",
    ],
)
async def test_filters_do_not_count_links_to_hidden_customers(db: str, where: str) -> None:
    _, partner = await two_partners()
    document = (
        f"{{ customers(where: {where.replace(chr(34) + 'PARTNER' + chr(34), 'PARTNER')}) {{ count {{ value }} }} }}"
    )
    assert (await ask(document)).data["customers"]["count"] == {"value": 1}
    assert (await ask(document, actor=partner)).data["customers"]["count"] == {"value": 0}


async def test_lists_do_not_count_links_to_hidden_customers(db: str) -> None:
    alice, partner = await two_partners()
    document = (
        "query($id: ID!) { customer(id: $id) { relationships { count { value } aggregate { count } nodes { id } "
        "pageInfo { hasNextPage endCursor } } } relationships { count { value } } events { nodes { subjectId } } }"
    )
    found = (await ask(document, {"id": alice}, actor=partner)).data
    assert found["customer"]["relationships"]["count"] == {"value": 0}
    assert found["customer"]["relationships"]["nodes"] == []
    assert found["customer"]["relationships"]["pageInfo"] == {"hasNextPage": False, "endCursor": None}
    assert found["relationships"]["count"] == {"value": 0}
