"""Periods, worked out by hand: what each brought, where it put customers, and who moved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm import costs
from crm.access import Scope
from crm.database import execute
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed
from crm.value import runs
from crm.value.runs import periods, settings
from models import CostActivity, Customer
from tests import factories
from tests.factories import NOW, OWNER

SPAN: Any = {"since": date(2026, 7, 1), "until": date(2026, 11, 20)}


async def sold(owner: Customer, day: datetime, paid: int, listed: int, goods: int, served: int) -> None:
    fields: Any = {"list_amount": Decimal(listed), "cost_of_goods": Decimal(goods), "placed_at": day}
    await factories.order(owner, str(paid), **fields)
    cost: Any = {"activity": CostActivity.SERVICE, "amount": Decimal(served), "occurred_at": day}
    await costs.record(OWNER, owner.id, fields=cost, now=NOW)


@pytest.fixture
async def pair(db: str) -> tuple[Customer, Customer]:
    """Ann paid the list price in summer and half of it in autumn; Bob bought in summer only, and cost much."""
    ann, bob = await factories.customer("Ann A"), await factories.customer("Bob B")
    summer, autumn = datetime(2026, 8, 3, 9, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC)
    await sold(ann, summer, 100, 100, 40, 5)
    await sold(ann, autumn, 50, 100, 40, 10)
    await sold(bob, summer, 80, 100, 40, 40)
    await settings.change(OWNER, price_cut="0.9", cost_cut="0.1")
    return ann, bob


async def test_each_period_has_its_own_profit(pair: tuple[Customer, Customer]) -> None:
    summer, autumn = await periods.profit_periods(OWNER, **SPAN)
    assert (summer.buyers, summer.revenue, summer.discounts, summer.cost_of_goods) == (2, 180, 20, 80)
    assert (summer.gross_margin, summer.cost_to_serve, summer.net_profit) == (100, 45, 55)
    assert (autumn.period, autumn.buyers, autumn.net_profit) == (date(2026, 10, 1), 1, 0)


async def test_periods_of_all_time_add_up_to_the_profit_of_a_run(pair: tuple[Customer, Customer]) -> None:
    await runs.recompute(OWNER, now=NOW)
    found = await periods.profit_periods(OWNER, **SPAN, grain=periods.CohortGrain.MONTH)
    assert len(found) == 5
    assert found[0].net_profit == 0
    from_run = await execute_sum()
    assert sum(period.net_profit for period in found) == from_run == 55


async def execute_sum() -> Any:
    from_run = await periods.seen(OWNER, "SELECT sum(s.net_profit) AS sum FROM value_snapshot s WHERE {who}")
    return from_run[0]["sum"]


async def test_a_period_puts_each_customer_in_one_cell(pair: tuple[Customer, Customer]) -> None:
    found = await periods.matrix_periods(OWNER, **SPAN)
    assert [(cell.period.month, cell.cell, cell.customers, cell.profit) for cell in found] == [
        (7, "AGGRESSIVE", 1, 0),
        (7, "PASSIVE", 1, 55),
        (10, "AGGRESSIVE", 1, 0),
    ]


async def test_customers_move_between_the_cells_of_two_periods(pair: tuple[Customer, Customer]) -> None:
    found = await periods.matrix_moves(OWNER, period=date(2026, 8, 9))
    assert [(move.origin, move.target, move.customers, move.profit) for move in found] == [
        ("AGGRESSIVE", None, 1, 0),
        ("PASSIVE", "AGGRESSIVE", 1, -55),
    ]


async def test_a_tree_of_companies_counts_each_once(pair: tuple[Customer, Customer]) -> None:
    ann, bob = pair
    alone = await periods.profit_periods(OWNER, **SPAN, customer_id=ann.id)
    assert [period.revenue for period in alone] == [100, 50]
    statement = (
        "INSERT INTO relationship (id, created_at, updated_at, version, customer_id, related_id, kind) "
        "VALUES (uuidv7(), $3, $3, 1, $1, $2, 'PARENT_COMPANY')"
    )
    await execute(statement, bob.id, ann.id, NOW)
    together = await periods.profit_periods(OWNER, **SPAN, customer_id=ann.id, tree=True)
    assert [period.revenue for period in together] == [180, 50]


async def test_a_rate_takes_the_place_of_recorded_costs_where_it_is_the_basis(pair: tuple[Customer, Customer]) -> None:
    await settings.change(OWNER, margin_basis="RATE", margin_rate="0.25")
    summer, _ = await periods.profit_periods(OWNER, **SPAN)
    assert (summer.gross_margin, summer.net_profit) == (45, 0)


async def test_bad_periods_are_refused_and_unseen_customers_do_not_exist(pair: tuple[Customer, Customer]) -> None:
    with pytest.raises(ValidationFailed):
        await periods.profit_periods(OWNER, since=date(2026, 7, 1), until=date(2026, 7, 1))
    with pytest.raises(ValidationFailed, match="more than 12 periods"):
        await periods.matrix_periods(OWNER, since=date(2000, 1, 1), until=date(2026, 7, 1))
    with pytest.raises(Forbidden):
        await periods.profit_periods(factories.everything_but(Scope.VALUE_READ), **SPAN)
    stranger = factories.actor(Scope.VALUE_READ, row_filter={"country": {"eq": "IR"}})
    with pytest.raises(NotFound):
        await periods.profit_periods(stranger, **SPAN, customer_id=pair[0].id)
    assert await periods.matrix_periods(stranger, **SPAN) == []


async def test_a_matrix_needs_its_cuts(pair: tuple[Customer, Customer]) -> None:
    await settings.change(OWNER, price_cut=None)
    with pytest.raises(Blocked):
        await periods.matrix_periods(OWNER, **SPAN)


async def test_the_last_period_of_the_calendar_is_refused(pair: tuple[Customer, Customer]) -> None:
    with pytest.raises(ValidationFailed, match="choose an earlier day") as refused:
        await periods.matrix_moves(OWNER, period=date(9999, 12, 31))
    assert refused.value.path == ("period",)
    with pytest.raises(ValidationFailed, match="choose an earlier day"):
        await periods.profit_periods(OWNER, since=date(9999, 12, 1), until=date(9999, 12, 31))
