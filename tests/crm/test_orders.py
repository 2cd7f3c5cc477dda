"""Orders are exact, and so is what is derived from them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import orders, products
from crm.access import Scope
from crm.database import fetch
from crm.errors import CrmError, DuplicateFound, Forbidden, NotFound, Problems, ValidationFailed
from crm.orders import LineInput
from models import CustomerDay, Event, ExchangeRate, Order, OrderLine, OrderStatus
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER


async def apple() -> None:
    prices: Any = {"sku": "A1", "name": "Apple", "list_price": Decimal(3), "unit_cost": Decimal(1), "currency": "USD"}
    await products.create(OWNER, fields=prices)


async def test_lines_add_up_to_the_order(db: str) -> None:
    await apple()
    alice = await factories.customer()
    lines = [
        LineInput(Decimal(3), Decimal(2), Decimal(1), sku="A1"),
        LineInput(Decimal("4.50"), cost_of_goods=Decimal(2)),
    ]
    order = await orders.record(OWNER, alice.id, fields={}, lines=lines, now=NOW)
    assert (order.amount, order.list_amount, order.cost_of_goods) == (Decimal("9.50"), Decimal("10.50"), Decimal(4))
    assert await OrderLine.filter(order_id=order.id, customer_id=alice.id).count() == 2


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "amount"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("1e30")}, "amount"),
        ({"amount": Decimal("0.00001")}, "amount"),
        ({"amount": Decimal(1), "currency": "XQQ"}, "currency"),
        ({"amount": Decimal(1), "currency": "EUR"}, "exchangeRate"),
        ({"amount": Decimal(1), "currency": "EUR", "exchange_rate": Decimal(0)}, "exchangeRate"),
        ({"amount": Decimal(1), "placed_at": NOW + timedelta(days=2)}, "placedAt"),
        ({"amount": Decimal(1), "placed_at": NOW.replace(year=1800)}, "placedAt"),
        ({"amount": Decimal(2), "list_amount": Decimal(1)}, "listAmount"),
        ({"amount": Decimal(2), "refunded": Decimal(3)}, "refunded"),
        ({"amount": Decimal(2), "reference": "x" * 200}, "reference"),
    ],
)
async def test_a_bad_order_names_its_field_and_leaves_nothing(db: str, fields: Any, path: str) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed) as refused:
        await orders.record(OWNER, alice.id, fields=fields, now=NOW)
    assert refused.value.path == (path,)
    assert not await Order.exists()
    assert not await CustomerDay.exists()


async def test_a_foreign_currency_is_kept_beside_its_amount_in_the_base_currency(db: str) -> None:
    await ExchangeRate.create(currency="EUR", day=date(2026, 1, 1), rate=Decimal("1.10"))
    order = await factories.order(await factories.customer(), "100", currency="EUR")
    assert (order.amount, order.currency, order.base_amount) == (Decimal(100), "EUR", Decimal(110))


async def test_the_daily_rollup_follows_every_correction(db: str) -> None:
    alice = await factories.customer()
    first = await factories.order(alice, "10", cost_of_goods=Decimal(4))
    await factories.order(alice, "5")
    await orders.update(OWNER, first.id, expected_version=1, fields={"refunded": Decimal(3)}, now=NOW)
    day = await CustomerDay.get(customer_id=alice.id)
    assert (day.revenue, day.list_revenue, day.cost_of_goods, day.orders) == (120_000, 120_000, 40_000, 2)
    moved: Any = {"placed_at": NOW - timedelta(days=3)}
    await orders.update(OWNER, first.id, expected_version=2, fields=moved, now=NOW)
    assert await CustomerDay.filter(customer_id=alice.id).order_by("day").values_list("revenue", flat=True) == [
        70_000,
        50_000,
    ]


async def test_a_cancelled_or_deleted_order_leaves_the_rollup(db: str) -> None:
    alice = await factories.customer()
    cancelled, deleted = await factories.order(alice, "10"), await factories.order(alice, "5")
    status: Any = {"status": OrderStatus.CANCELLED}
    await orders.update(OWNER, cancelled.id, expected_version=1, fields=status, now=NOW)
    await orders.delete(OWNER, deleted.id, expected_version=1)
    assert not await CustomerDay.exists()


async def test_the_day_of_an_order_is_that_of_the_organisations_clock(db: str) -> None:
    await fetch(
        "INSERT INTO organization_setting (id, created_at, updated_at, version, key, value) "
        "VALUES (gen_random_uuid(), now(), now(), 1, 'time_zone', 'Asia/Tehran') RETURNING id"
    )
    alice = await factories.customer()
    late: Any = {"placed_at": NOW.replace(hour=22) - timedelta(days=1)}
    await factories.order(alice, "10", **late)
    assert (await CustomerDay.get(customer_id=alice.id)).day == NOW.date()


async def test_a_reference_is_taken_once_a_customer_and_source(db: str) -> None:
    alice, bob = await factories.customer("Alice"), await factories.customer("Bob")
    await factories.order(alice, reference="R1", source="shop")
    with pytest.raises(DuplicateFound, match="R1"):
        await factories.order(alice, reference="R1", source="Shop")
    await factories.order(bob, reference="R1", source="shop")
    assert await Order.all().count() == 2


async def test_an_order_tells_its_amount_in_its_event(db: str) -> None:
    order = await factories.order(await factories.customer(), "11.77")
    event = await Event.get(noun_id=order.id)
    assert event.data == {"amount": "11.77", "currency": "USD"}


async def test_an_order_of_nobody_and_one_without_the_right_are_refused(db: str) -> None:
    alice = await factories.customer()
    with pytest.raises(NotFound):
        await orders.record(OWNER, new_id(), fields={"amount": Decimal(1)}, now=NOW)
    with pytest.raises(Forbidden, match="order:write"):
        await orders.record(
            factories.everything_but(Scope.ORDER_WRITE), alice.id, fields={"amount": Decimal(1)}, now=NOW
        )
    assert not await Order.exists()


async def test_a_line_with_an_unknown_product_names_its_place(db: str) -> None:
    alice = await factories.customer()
    with pytest.raises(CrmError) as refused:
        await orders.record(OWNER, alice.id, fields={}, lines=[LineInput(Decimal(1), sku="nope")], now=NOW)
    assert refused.value.path == ("lines", "0", "sku")


async def test_a_form_is_told_all_its_faults_at_once(db: str) -> None:
    alice = await factories.customer()
    wrong: Any = {"amount": Decimal(-5), "currency": "XXQ", "placed_at": NOW + timedelta(days=9)}
    with pytest.raises(Problems) as refused:
        await orders.record(OWNER, alice.id, fields=wrong, now=NOW)
    assert [each.path for each in refused.value.problems] == [("placedAt",), ("currency",), ("amount",)]
    lines = [LineInput(Decimal(1), sku="nope"), LineInput(Decimal(1)), LineInput(Decimal(-1))]
    with pytest.raises(Problems) as refused:
        await orders.record(OWNER, alice.id, fields={}, lines=lines, now=NOW)
    assert [each.path for each in refused.value.problems] == [("lines", "0", "sku"), ("lines", "2", "unitPrice")]
    assert not await Order.exists()
