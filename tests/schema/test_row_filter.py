"""What lies outside a partner's row filter does not exist for it, however it asks."""

import pytest

from crm import relationships
from crm.access import READ_SCOPES
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
