"""Growth comes from what alike customers spend, from a known wallet, or from categories that a customer lacks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm.errors import ValidationFailed
from crm.value import runs
from crm.value.rollup import products
from crm.value.runs import explain, refresh, settings
from models import Customer, FieldDefinition, FieldType, Order, OrderLine, Product
from tests.crm.value_world import bought, newcomers, rhythm, snapshot
from tests.factories import NOW, OWNER


async def tea_and_cups(keys: list[UUID]) -> None:
    """Everybody buys tea, and of every four three buy cups too; a third category goes with neither."""
    wares = {
        name: await Product.create(sku=name, name=name, category=name, list_price=10, currency="USD")
        for name in ("tea", "cups", "soap")
    }
    for number, key in enumerate(keys):
        owns = ["soap"] if number % 3 == 2 else ["tea"] if number % 12 == 0 else ["tea", "cups"]
        order = await Order.filter(customer_id=key).order_by("-placed_at").first()
        assert order
        await Order.filter(id=order.id).update(placed_at=NOW - timedelta(days=5))
        for place, name in enumerate(owns):
            line: Any = {"quantity": 1, "unit_price": 10, "amount": 10, "cost_of_goods": 4}
            await OrderLine.create(
                customer_id=key, order_id=order.id, product_id=wares[name].id, position=place, **line
            )
    await products.rebuild("UTC", None)


async def buyers(count: int) -> list[UUID]:
    keys = await newcomers(count)
    await bought(rhythm(keys))
    have = {row["customer_id"] for row in await Order.all().values("customer_id")}
    return [key for key in keys if key in have]


async def test_a_customer_that_lacks_what_goes_with_its_purchases_has_room_to_grow(db: str) -> None:
    keys = await buyers(240)
    await tea_and_cups(keys)
    run = await runs.recompute(OWNER, now=NOW)
    names, offers = run.parameters["categories"], run.parameters["offers"]
    assert {(names[a], names[b]) for a, b, _ in offers} == {("tea", "cups"), ("cups", "tea")}
    drivers = {one.key: one.value for one in (await explain.explain(OWNER, keys[12])).drivers}
    assert drivers["growthSelling"] > 0
    assert float((await snapshot(keys[12])).growth_potential or 0) == pytest.approx(
        max(drivers["growthSelling"], drivers["growthGap"]), abs=1e-3
    )


async def test_growth_is_told_again_from_the_closed_form_and_stays_so_when_refreshed(db: str) -> None:
    keys = await buyers(240)
    await tea_and_cups(keys)
    await runs.recompute(OWNER, now=NOW)
    before = (await snapshot(keys[12])).growth_potential
    await refresh.refresh(OWNER, [keys[12]], now=NOW)
    assert (await snapshot(keys[12])).growth_potential == before
    told = await explain.explain(OWNER, keys[12])
    assert [check.figure for check in told.checks if not check.equal] == []


async def test_a_known_wallet_says_how_much_is_spent_elsewhere(db: str) -> None:
    keys = await buyers(60)
    await FieldDefinition.create(noun="customer", key="wallet", label="Yearly spend", type=FieldType.NUMBER)
    await Customer.filter(id=keys[1]).update(custom_fields={"wallet": 90_000})
    await settings.change(OWNER, wallet_field="wallet", capture_rate="0.5")
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(keys[1])
    assert found.expected_spend is not None
    gap = (90_000 - float(found.expected_spend)) * float(found.contribution_rate or 0) * 0.5
    assert float(found.growth_potential or 0) == pytest.approx(gap, abs=0.01)
    assert Decimal(0) <= ((await snapshot(keys[2])).growth_potential or Decimal(-1)) < Decimal(1000)


async def test_a_wallet_must_be_a_field_of_numbers_that_customers_have(db: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await settings.change(OWNER, wallet_field="nothing")
    assert refused.value.path == ("walletField",)
    assert (await settings.current()).wallet_field is None
