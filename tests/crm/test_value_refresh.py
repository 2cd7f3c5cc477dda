"""What happens to a customer shows in its figures, and incremental figures are those of a whole pass."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import costs, customers, orders
from crm.database import execute, fetch, fetch_row, fetch_value
from crm.tail import Happened
from crm.value import figures, following, runs
from crm.value import worth as valuing
from crm.value.runs import full, network, refresh, snapshots
from crm.value.runs.inputs import Moment, read
from models import CostActivity, Order, ValueSnapshot
from models.base import new_id
from tests import factories
from tests.crm.value_world import bought, newcomers, recorded, rhythm, snapshot
from tests.factories import NOW, OWNER
from tests.queries import counting

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    """Two hundred customers with a published run, some brought by others."""
    keys = await newcomers(200)
    await bought(rhythm(keys))
    link = (
        "INSERT INTO relationship (id, created_at, updated_at, version, customer_id, related_id, kind) "
        "VALUES (uuidv7(), $3, $3, 1, $1, $2, 'REFERRED_BY')"
    )
    for brought, by in ((5, 1), (6, 5), (7, 6), (8, 1)):
        await execute(link, keys[brought], keys[by], NOW - timedelta(days=1))
    assert (await runs.recompute(OWNER, now=NOW)).model is not None
    return keys


async def whole_pass(run_id: UUID) -> dict[UUID, dict[str, Any]]:
    """Everybody's figures at LATER under the findings of the run, written anew in one pass."""
    run = await refresh.current()
    assert run is not None
    assert run.id == run_id
    moment = Moment(LATER, "UTC", "USD")
    book = await read(moment, run.assumed, prior_run=run.id)
    worth = valuing.score(book, run.assumed, run.findings)
    credit = network.credit((await network.everybody(moment.day)).places(book), worth.total, run.assumed)
    found = figures.figures(worth, run.assumed, run.findings, credit)
    await execute("DELETE FROM value_snapshot WHERE run_id = $1", run.id)
    await snapshots.write(run.id, [(book, found)], as_of=LATER, now=LATER)
    return await everybody(run_id)


async def everybody(run_id: UUID) -> dict[UUID, dict[str, Any]]:
    rows = await fetch("SELECT * FROM value_snapshot WHERE run_id = $1", run_id)
    return {
        row["customer_id"]: {k: v for k, v in row.items() if k not in ("id", "created_at", "updated_at")}
        for row in rows
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    close = {
        name: pytest.approx(value, rel=1e-9, abs=2e-4) for name, value in other.items() if isinstance(value, float)
    }
    money = {n: pytest.approx(v, abs=Decimal("0.0002")) for n, v in other.items() if isinstance(v, Decimal)}
    return one == {**other, **close, **money}


async def test_incremental_figures_are_those_of_a_whole_pass(shop: list[UUID]) -> None:
    run = await fetch_value("SELECT id FROM value_run WHERE is_current")
    touched = [shop[number] for number in (1, 5, 6, 40)]
    await recorded([(key, date(2026, 11, 19), Decimal(77)) for key in touched])
    await refresh.refresh(OWNER, shop, now=LATER)
    incremental = await everybody(run)
    whole = await whole_pass(run)
    assert incremental.keys() == whole.keys() == set(shop)
    assert [key for key in shop if not same(incremental[key], whole[key])] == []


async def test_customers_refreshed_one_by_one_have_the_figures_of_all_at_once(shop: list[UUID]) -> None:
    run = await fetch_value("SELECT id FROM value_run WHERE is_current")
    some = [*shop[:30], *await newcomers(1)]
    await refresh.refresh(OWNER, some, now=LATER)
    at_once = await everybody(run)
    for key in some:
        await refresh.refresh(OWNER, [key], now=LATER)
    one_by_one = await everybody(run)
    assert one_by_one.keys() == at_once.keys() == {*shop, *some}
    assert [key for key in some if not same(one_by_one[key], at_once[key])] == []


async def test_one_customer_refreshed_settles_those_who_brought_it(shop: list[UUID]) -> None:
    run = await fetch_value("SELECT id FROM value_run WHERE is_current")
    await refresh.refresh(OWNER, shop, now=LATER)
    await recorded([(shop[6], date(2026, 11, 19), Decimal(500))])
    await refresh.refresh(OWNER, [shop[6]], now=LATER)
    incremental = await everybody(run)
    whole = await whole_pass(run)
    assert [shop.index(key) for key in shop if not same(incremental[key], whole[key])] == []


async def test_a_late_a_corrected_a_refunded_and_a_deleted_order_show(shop: list[UUID]) -> None:
    key = shop[0]
    late: Any = {"amount": Decimal(40), "placed_at": NOW - timedelta(days=900)}
    order = await orders.record(OWNER, key, fields=late, now=NOW)
    steps: list[tuple[Any, Decimal]] = [
        ({"amount": Decimal(50)}, Decimal(50)),
        ({"refunded": Decimal(50)}, Decimal(0)),
    ]
    await refresh.refresh(OWNER, [key], now=LATER)
    before = await snapshot(key)
    assert before.first_order_on == (NOW - timedelta(days=900)).date()
    for fields, left in steps:
        version = (await Order.get(id=order.id)).version
        await orders.update(OWNER, order.id, expected_version=version, fields=fields, now=NOW)
        await refresh.refresh(OWNER, [key], now=LATER)
        assert (await snapshot(key)).revenue == before.revenue - 40 + left
    assert (await snapshot(key)).first_order_on != before.first_order_on
    await orders.delete(OWNER, order.id, expected_version=None)
    await refresh.refresh(OWNER, [key], now=LATER)
    assert (await snapshot(key)).revenue == before.revenue - 40


async def test_an_event_of_a_customer_brings_its_figures_up_to_date(shop: list[UUID]) -> None:
    fields: Any = {"activity": CostActivity.CALL, "amount": Decimal(9)}
    entry = await costs.record(OWNER, shop[3], fields=fields, now=NOW)
    before = (await snapshot(shop[3])).net_profit
    row = await fetch_row("SELECT * FROM event WHERE noun_id = $1", entry.id)
    assert row is not None
    told = Happened("cost.recorded", "cost_entry", entry.id, shop[3], {}, NOW, row["transaction_id"], row["position"])
    assert await following.react([told], LATER)
    assert (await snapshot(shop[3])).net_profit == before - 9
    changed = await fetch("SELECT data FROM event WHERE type = 'value.changed' AND customer_id = $1", shop[3])
    assert len(changed) == 1


async def test_nothing_is_told_of_figures_that_stayed(shop: list[UUID]) -> None:
    await refresh.refresh(OWNER, [shop[3]], now=NOW)
    assert await fetch_value("SELECT count(*) FROM event WHERE type = 'value.changed'") == 0


async def test_without_a_published_run_there_is_nothing_to_refresh(db: str) -> None:
    alice = await factories.customer()
    assert await refresh.refresh(OWNER, [alice.id], now=NOW) == 0
    assert await ValueSnapshot.all().count() == 0


async def test_a_new_and_a_deleted_customer_come_and_go(shop: list[UUID]) -> None:
    alice = await factories.customer(acquired_at=NOW)
    await refresh.refresh(OWNER, [alice.id], now=LATER)
    assert (await snapshot(alice.id)).clv is None
    await customers.delete(OWNER, alice.id, expected_version=None)
    assert await refresh.refresh(OWNER, [alice.id], now=LATER) == 0
    assert await ValueSnapshot.filter(customer_id=alice.id).count() == 0


async def test_what_happens_while_a_run_works_is_in_it_when_it_is_published(
    fresh_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = await newcomers(30)
    await bought(rhythm(keys))
    step = full._Work.step

    async def meanwhile(self: Any, name: str, **values: Any) -> None:
        await step(self, name, **values)
        if name == "WRITE":
            await recorded([(keys[2], date(2026, 11, 19), Decimal(1000))])

    monkeypatch.setattr(full._Work, "step", meanwhile)
    await runs.recompute(OWNER, now=NOW)
    assert (await snapshot(keys[2])).last_order_on == date(2026, 11, 19)


async def test_refreshing_one_customer_costs_a_handful_of_statements(shop: list[UUID]) -> None:
    async with counting() as sent:
        await refresh.refresh(OWNER, [shop[90]], now=NOW)
    assert len(sent) <= 8


@pytest.mark.parametrize(
    ("type", "changes", "bears"),
    [
        ("customer.updated", {"city": ["Bonn", "Köln"]}, False),
        ("customer.updated", {"city": ["Bonn", "Köln"], "acquired_at": [None, "2026-01-01"]}, True),
        ("customer.merged", {}, True),
        ("order.recorded", {}, True),
        ("segment.entered", {}, False),
    ],
)
def test_only_what_bears_on_value_has_a_customer_valued_again(type: str, changes: dict[str, Any], bears: bool) -> None:
    happened = Happened(type, type.split(".")[0], new_id(), new_id(), {"changes": changes}, NOW, 1, 1)
    assert following.bears_on_value(happened) is bears
