"""What goes together, in a world small enough to count."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import ids
from crm.access import Scope
from crm.database import execute
from crm.errors import Forbidden, ValidationFailed
from crm.value.rollup import products
from crm.value.runs import pairs
from tests import factories
from tests.crm.value_world import bought, newcomers
from tests.factories import OWNER
from tests.schema.asking import ask

SPAN: Any = {"since": date(2026, 1, 1), "until": date(2026, 12, 1)}
LINE = """
WITH made AS (
    INSERT INTO product (id, created_at, updated_at, version, sku, name, category)
    VALUES (uuidv7(), now(), now(), 1, $2, $2, $2) ON CONFLICT (sku) DO UPDATE SET name = excluded.name RETURNING id
) INSERT INTO order_line (id, created_at, updated_at, order_id, customer_id, product_id, position, description,
                          quantity, unit_price, discount, amount, cost_of_goods)
SELECT uuidv7(), now(), now(), o.id, o.customer_id, made.id, 1, '', 1, 10, 0, 10, 4
FROM "order" o, made WHERE o.customer_id = ANY($1::uuid[])
"""


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    """Of 60 customers 30 bought tea, 24 of them and 6 others cups; everybody bread."""
    keys = await newcomers(60)
    await bought((key, date(2026, 5, 5), Decimal(10)) for key in keys)
    for category, owners in (("tea", keys[:30]), ("cups", keys[6:36]), ("bread", keys)):
        await execute(LINE, owners, category)
    await products.rebuild("UTC", None)
    return keys


async def test_pairs_are_counted_and_what_everybody_buys_goes_with_nothing(shop: list[UUID]) -> None:
    found = {(pair.category, pair.other): pair for pair in await pairs.pairs(OWNER, **SPAN)}
    assert set(found) == {("tea", "cups"), ("cups", "tea")}
    pair = found["tea", "cups"]
    assert (pair.customers, pair.confidence, pair.support, pair.margin) == (24, 0.8, 0.4, 6)
    assert pair.lift == pytest.approx(1.6)


async def test_a_customer_is_offered_what_it_does_not_have(shop: list[UUID]) -> None:
    variables = {"id": ids.encode("cus", shop[0])}
    document = """query($id: ID!) { productOffers(customerId: $id, since: "2026-01-01", until: "2026-12-01") {
      category because chance margin potential } }"""
    [offer] = (await ask(document, variables)).data["productOffers"]
    assert (offer["category"], offer["because"], offer["chance"]) == ("cups", "tea", 0.8)
    assert Decimal(offer["potential"]) == Decimal("4.8")
    assert await pairs.offers(OWNER, shop[10], **SPAN) == []


async def test_bad_spans_are_refused_and_orders_need_their_scope(shop: list[UUID]) -> None:
    with pytest.raises(ValidationFailed):
        await pairs.pairs(OWNER, since=date(2026, 1, 1), until=date(2026, 1, 1))
    with pytest.raises(ValidationFailed):
        await pairs.pairs(OWNER, **SPAN, least=1)
    with pytest.raises(Forbidden):
        await pairs.pairs(factories.everything_but(Scope.ORDER_READ), **SPAN)
