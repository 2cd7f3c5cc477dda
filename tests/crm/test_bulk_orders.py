"""Many orders at once: as if each had come alone."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import orders
from crm.access import Scope
from crm.bulk import (
    CustomerRow,
    OrderRow,
    Outcome,
    RowResult,
    StageMove,
    move_customers,
    record_orders,
    upsert_customers,
)
from crm.database import fetch
from crm.errors import Forbidden
from crm.identities import IdentityInput
from crm.lifecycle import default, positions
from crm.orders import LineInput
from crm.value import rollup
from models import (
    AuditEntry,
    Customer,
    CustomerDay,
    Event,
    ExchangeRate,
    IdentityKind,
    Order,
    OrderLine,
    StageTransition,
)
from models.base import new_id
from tests import factories
from tests.factories import NOW, OWNER, email


def row(address: str, amount: str = "10", *, days_ago: int = 0, **fields: Any) -> OrderRow:
    values: Any = {"amount": Decimal(amount), "placed_at": NOW - timedelta(days=days_ago), **fields}
    return OrderRow(values, identity=email(address))


def outcomes(results: list[RowResult]) -> list[str]:
    return [result.outcome.value for result in results]


async def test_a_bulk_order_is_what_a_single_one_is(db: str) -> None:
    alice = await factories.customer()
    fields: Any = {"placed_at": NOW, "currency": "USD", "channel": "shop", "quantity": 2, "refunded": Decimal(1)}
    line = LineInput(Decimal("4.50"), quantity=Decimal(2), cost_of_goods=Decimal(2))
    await orders.record(OWNER, alice.id, fields=fields, lines=[line], now=NOW)
    await record_orders(OWNER, [OrderRow(fields, customer_id=alice.id, lines=(line,))], NOW)
    one, other = await Order.all().order_by("id")
    for name in Order._meta.db_fields - {"id", "created_at", "updated_at"}:
        assert getattr(one, name) == getattr(other, name), name
    said = [(entry.changes | {"id": None}, entry.customer_id) for entry in await AuditEntry.filter(noun="order")]
    assert said[0] == said[1]
    told = await Event.filter(type="order.recorded").values_list("data", flat=True)
    assert told[0] == told[1]
    assert await OrderLine.filter(order_id=other.id, amount=9, customer_id=alice.id).exists()


async def test_the_daily_roll_up_is_what_a_rebuild_gives(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    bob = await factories.customer("Bob Example", email("b@example.com"))
    await factories.order(bob, "7", days_ago=1)
    rows = [row("a@example.com", str(n), days_ago=n % 3) for n in range(1, 9)] + [row("b@example.com", "5", days_ago=1)]
    await record_orders(OWNER, rows, NOW)
    kept = await days()
    await rollup.rebuild("UTC")
    assert await days() == kept
    assert (bob.id, 120_000, 2) in kept


async def days() -> list[tuple[Any, ...]]:
    found = await CustomerDay.all().order_by("customer_id", "day")
    return [(day.customer_id, day.revenue, day.orders) for day in found]


async def test_a_known_reference_is_left_alone(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    rows = [
        row("a@example.com", reference="R1"),
        row("a@example.com", reference="R2"),
        row("a@example.com", reference="R1"),
    ]
    first = await record_orders(OWNER, rows, NOW)
    assert outcomes(first) == ["CREATED", "CREATED", "UNCHANGED"]
    again = await record_orders(OWNER, rows, NOW)
    assert outcomes(again) == ["UNCHANGED"] * 3
    assert [result.key for result in again] == [result.key for result in first]
    assert await Order.all().count() == await Event.filter(type="order.recorded").count() == 2


async def test_a_newcomer_is_created_once_where_the_rows_say_so(db: str) -> None:
    shop = IdentityInput(IdentityKind.EXTERNAL, "7", source="shop")
    fields: Any = {"amount": Decimal(3), "placed_at": NOW}
    rows = [OrderRow(fields, identity=shop, newcomer={"given_name": "Mina"}) for _ in range(3)]
    assert outcomes(await record_orders(OWNER, rows, NOW)) == ["CREATED"] * 3
    mina = await Customer.get()
    assert (mina.display_name, await Order.filter(customer_id=mina.id).count()) == ("Mina", 3)


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (row("a@example.com", "-1"), "amount"),
        (row("a@example.com", "1", currency="EUR"), "exchangeRate"),
        (row("a@example.com", "1", days_ago=-2), "placedAt"),
        (row("stranger@example.com"), "customer"),
        (row("no address"), "customer"),
        (OrderRow({"amount": Decimal(1)}), "customer"),
        (OrderRow({"amount": Decimal(1)}, customer_id=new_id()), "customer"),
        (OrderRow({}, identity=email("a@example.com"), lines=(LineInput(Decimal(1), sku="none"),)), "lines"),
        (OrderRow({"amount": Decimal(1)}, identity=email("n@example.com"), newcomer={"country": "XX"}), "customer"),
    ],
)
async def test_a_bad_row_is_refused_and_the_good_ones_are_kept(db: str, bad: OrderRow, path: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    results = await record_orders(OWNER, [row("a@example.com"), bad, row("a@example.com")], NOW)
    assert outcomes(results) == ["CREATED", "REFUSED", "CREATED"]
    problem = results[1].problem
    assert problem is not None
    assert problem.path[0] == path
    assert await Order.all().count() == 2
    assert await Customer.all().count() == 1


async def test_a_rate_on_record_is_used(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    await ExchangeRate.create(currency="EUR", day=NOW.date() - timedelta(days=9), rate=Decimal("1.1"))
    await record_orders(OWNER, [row("a@example.com", "10", currency="EUR")] * 2, NOW)
    assert [order.base_amount for order in await Order.all()] == [Decimal(11), Decimal(11)]


async def test_an_actor_without_the_scope_records_nothing(db: str) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    with pytest.raises(Forbidden):
        await record_orders(factories.everything_but(Scope.ORDER_WRITE), [row("a@example.com")], NOW)
    assert not await Order.exists()


async def test_moves_are_made_at_their_times_along_the_edges(db: str) -> None:
    await default.install(OWNER)
    start = NOW - timedelta(days=100)
    made = await upsert_customers(OWNER, [CustomerRow((email("a@example.com"),), {"acquired_at": start})], NOW)
    key = made[0].key
    assert key is not None
    moves = [
        StageMove(key, "first_time_buyer", start),
        StageMove(key, "client", start + timedelta(days=5)),
        StageMove(key, "repeat_buyer", start + timedelta(days=10)),
        StageMove(key, "lost", start + timedelta(days=20)),
        StageMove(key, "dormant", start + timedelta(days=5)),
        StageMove(key, "dormant", NOW + timedelta(days=5)),
        StageMove(new_id(), "dormant", NOW),
    ]
    assert outcomes(await move_customers(OWNER, moves[:1], NOW)) == ["REFUSED"]  # nothing was ordered
    results = await move_customers(OWNER, moves, NOW, guarded=False)
    assert outcomes(results) == ["CREATED", "REFUSED", "CREATED"] + ["REFUSED"] * 4
    seen = (
        await StageTransition.filter(customer_id=key)
        .order_by("occurred_at", "id")
        .values_list("dwell_seconds", flat=True)
    )
    assert seen == [None, 0, 10 * 86_400]
    assert (await positions.move(OWNER, key, to="lost", reason="moved away", now=NOW)).transition is not None


async def test_a_chunk_that_fails_is_tried_again_with_what_the_other_wrote(fresh_db: str) -> None:
    """Two imports of the same rows at the same time end with each customer once."""
    rows = [CustomerRow((email(f"c{number}@example.com"),), {}) for number in range(300)]
    one, other = await asyncio.gather(upsert_customers(OWNER, rows, NOW), upsert_customers(OWNER, rows, NOW))
    assert {result.outcome for result in one + other} == {Outcome.CREATED, Outcome.UNCHANGED}
    assert (await fetch("SELECT count(*) FROM customer"))[0]["count"] == 300
