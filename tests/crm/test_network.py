"""Who is connected to whom, trees and chains, and totals that count nobody twice."""

from decimal import Decimal
from uuid import UUID

import pytest

from crm import network, relationships
from crm.access import Scope
from crm.errors import ValidationFailed
from models import (
    Customer,
    RelationshipKind,
)
from tests import factories
from tests.crm.intimacy_world import worth
from tests.factories import OWNER


async def linked(*pairs: tuple[str, RelationshipKind, str]) -> dict[str, UUID]:
    names = {name for start, _, end in pairs for name in (start, end)}
    cast = {name: (await factories.customer(name, country=name[:2].upper())).id for name in sorted(names)}
    for start, kind, end in pairs:
        await relationships.create(OWNER, cast[start], cast[end], kind=kind, fields={})
    return cast


PARENT, WORKS, PARTNER = RelationshipKind.PARENT_COMPANY, RelationshipKind.EMPLOYED_BY, RelationshipKind.PARTNER


async def test_everybody_within_some_steps_is_found_in_both_directions(db: str) -> None:
    cast = await linked(("De1", WORKS, "Fr1"), ("De2", WORKS, "Fr1"), ("Fr1", PARTNER, "De3"), ("De3", PARTNER, "De4"))
    found = await network.near(OWNER, cast["De1"], steps=2)
    assert [(node.name, node.distance) for node in found.nodes] == [("De1", 0), ("Fr1", 1), ("De2", 2), ("De3", 2)]
    assert len(found.links) == 3
    assert found.complete
    assert not (await network.near(OWNER, cast["De1"], steps=3, limit=2)).complete
    only = await network.near(OWNER, cast["De1"], steps=3, kinds=[PARTNER])
    assert len(only.nodes) == 1


async def test_no_way_leads_through_a_customer_one_may_not_see(db: str) -> None:
    cast = await linked(("De1", PARTNER, "Fr1"), ("Fr1", PARTNER, "De2"))
    partner = factories.actor(*Scope, row_filter={"country": {"eq": "DE"}})
    assert len((await network.near(partner, cast["De1"], steps=4)).nodes) == 1


async def test_a_tree_and_the_way_up_it(db: str) -> None:
    cast = await linked(("De2", PARENT, "De1"), ("De3", PARENT, "De1"), ("De4", PARENT, "De3"))
    assert [(n.name, n.distance) for n in await network.tree(OWNER, cast["De1"])] == [
        ("De1", 0),
        ("De2", 1),
        ("De3", 1),
        ("De4", 2),
    ]
    assert [n.name for n in await network.chain(OWNER, cast["De4"], kind=PARENT)] == ["De4", "De3", "De1"]
    with pytest.raises(ValidationFailed, match="makes no tree"):
        await network.tree(OWNER, cast["De1"], kind=PARTNER)


async def test_a_total_counts_nobody_twice(db: str) -> None:
    cast = await linked(("De2", PARENT, "De1"), ("De3", WORKS, "De1"), ("De3", WORKS, "De2"), ("De4", WORKS, "De2"))
    await factories.order(await Customer.get(id=cast["De3"]))
    await worth(De1=10, De2=20, De3=40, De4=80)
    alone = await network.total(OWNER, cast["De1"])
    whole = await network.total(OWNER, cast["De1"], people=True)
    assert (alone.customers, alone.clv, alone.orders) == (2, Decimal(30), 0)
    assert (whole.customers, whole.people, whole.clv, whole.orders) == (4, 2, Decimal(150), 1)
