"""The roll-ups of orders are what a rebuild would make of them, whatever was done to orders in whatever order."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import merging, orders, organization, products
from crm.bulk.orders import OrderRow, record_orders
from crm.database import fetch, transaction
from crm.errors import Blocked
from crm.orders import LineInput
from crm.value import rollup
from crm.value.runs import inputs, settings
from models import Customer, ExchangeRate, Order, OrderStatus
from tests import factories
from tests.factories import NOW, OWNER

TABLES = {
    "customer_day": "customer_id, day",
    "customer_total": "customer_id",
    "product_day": "customer_id, day, product_id",
}
OWN = {"id", "created_at", "updated_at"}


async def kept() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the roll-ups but their keys and times; zeros say the same as no row."""
    found = {}
    for table, order in TABLES.items():
        rows = await fetch(f"SELECT * FROM {table} ORDER BY {order}")
        plain = [[value for name, value in row.items() if name not in OWN] for row in rows]
        found[table] = [tuple(row) for row in plain if table != "customer_total" or row[4]]
    return found


async def rebuilt(time_zone: str = "UTC") -> dict[str, list[tuple[Any, ...]]]:
    async with transaction():
        await rollup.rebuild(time_zone)
    return await kept()


class Clerk:
    """Does something to an order of somebody, always the same for a seed."""

    def __init__(self, seed: int, customers: list[Customer]) -> None:
        self.draw, self.customers = random.Random(seed), customers

    def fields(self) -> Any:
        currency = self.draw.choice(["USD", "USD", "EUR"])
        placed = NOW - timedelta(hours=self.draw.randrange(24 * 9))
        return {"placed_at": placed, "currency": currency}

    def lines(self) -> list[LineInput]:
        return [
            LineInput(Decimal(self.draw.randrange(1, 4)), Decimal(self.draw.randrange(1, 9_999)) / 10_000, sku=sku)
            for sku in self.draw.choices(["tea", "cup", None], k=self.draw.randrange(3))
        ]

    async def record(self) -> None:
        lines = self.lines()
        fields = self.fields() if lines else self.fields() | {"amount": Decimal(self.draw.randrange(50))}
        await orders.record(OWNER, self.draw.choice(self.customers).id, fields=fields, lines=lines, now=NOW)

    async def bulk(self) -> None:
        rows = []
        for one in self.customers:
            lines = self.lines()
            fields = self.fields() if lines else self.fields() | {"amount": Decimal(5)}
            rows.append(OrderRow(fields=fields, customer_id=one.id, lines=lines))
        await record_orders(OWNER, rows, NOW)

    async def correct(self) -> None:
        order = await self.some_order()
        if order is None:
            return
        changes: list[Any] = [
            {"refunded": order.amount},
            {"refunded": (order.amount / 3).quantize(Decimal("0.0001"))},
            {"status": OrderStatus.CANCELLED},
            {"placed_at": NOW - timedelta(days=self.draw.randrange(9))},
        ]
        await orders.update(OWNER, order.id, expected_version=None, fields=self.draw.choice(changes), now=NOW)

    async def delete(self) -> None:
        order = await self.some_order()
        if order is not None:
            await orders.delete(OWNER, order.id, expected_version=None)

    async def some_order(self) -> Order | None:
        found = await Order.all().order_by("customer_id", "placed_at", "amount")
        return self.draw.choice(found) if found else None


async def world() -> list[Customer]:
    await ExchangeRate.create(currency="EUR", day=(NOW - timedelta(days=90)).date(), rate=Decimal("1.1037"))
    for sku, cost in (("tea", Decimal(2)), ("cup", None)):
        ware: Any = {"sku": sku, "name": sku, "category": sku, "unit_cost": cost, "currency": "USD"}
        await products.create(OWNER, fields=ware)
    return [await factories.customer(f"Number {number}") for number in range(3)]


@pytest.mark.parametrize("seed", range(6))
async def test_roll_ups_follow_whatever_is_done_to_orders(db: str, seed: int) -> None:
    clerk = Clerk(seed, await world())
    for _ in range(25):
        await clerk.draw.choice([clerk.record, clerk.record, clerk.correct, clerk.delete, clerk.bulk])()
    followed = await kept()
    assert followed == await rebuilt()
    assert all(followed.values())


async def test_the_roll_ups_of_merged_customers_are_those_of_all_their_orders(db: str) -> None:
    clerk = Clerk(1, await world())
    for _ in range(12):
        await clerk.record()
    one, other, _ = clerk.customers
    await merging.merge(OWNER, one.id, [merging.Absorbed(other.id)], now=NOW)
    assert await kept() == await rebuilt()


async def test_another_clock_counts_all_days_anew(db: str) -> None:
    clerk = Clerk(2, await world())
    for _ in range(12):
        await clerk.record()
    before = await kept()
    await organization.change(OWNER, time_zone="Pacific/Auckland")
    after = await kept()
    assert after != before
    assert after == await rebuilt("Pacific/Auckland")


async def test_a_clock_is_not_changed_within_a_request_when_that_would_take_long(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await factories.customer()
    await factories.order(alice)
    monkeypatch.setattr(organization, "MANY_ORDERS", 0)
    with pytest.raises(Blocked, match="arzesh organization --time-zone Asia/Tehran"):
        await organization.change(OWNER, time_zone="Asia/Tehran")
    assert (await organization.current()).time_zone == "UTC"
    assert (await organization.change(OWNER, patient=True, time_zone="Asia/Tehran")).time_zone == "Asia/Tehran"


@pytest.mark.parametrize("days_ago", [0, 3, 8])
async def test_sums_and_days_say_the_same_of_any_moment(db: str, days_ago: int) -> None:
    clerk = Clerk(3, await world())
    for _ in range(25):
        await clerk.draw.choice([clerk.record, clerk.correct])()
    moment = inputs.Moment(NOW - timedelta(days=days_ago), "UTC", "USD")
    arguments = inputs.arguments_of(moment, await settings.current(), None)
    found = [await fetch(inputs.book_statement(bought), *arguments) for bought in (inputs.DAYS, inputs.TOTALS)]
    assert str(found[0]) == str(found[1])
    assert found[0]
