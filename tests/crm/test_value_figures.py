"""The figures of a run are those of what was recorded, exactly, and say where nobody can know."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import costs, interactions
from crm.database import execute, fetch_value
from crm.value import lacks, runs
from crm.value.runs import settings
from models import (
    Channel,
    CostActivity,
    Direction,
    InteractionKind,
    OrderStatus,
    RatingKind,
    RunStatus,
)
from tests import factories
from tests.crm.value_world import bought, newcomers, rhythm, snapshot
from tests.factories import NOW, OWNER


async def test_profit_counts_refunds_discounts_costs_of_goods_of_serving_and_of_acquisition(db: str) -> None:
    alice = await factories.customer()
    goods: Any = {"list_amount": Decimal(120), "cost_of_goods": Decimal(60)}
    await factories.order(alice, "100", days_ago=9, **goods)
    await factories.order(alice, "50", days_ago=2, refunded=Decimal(50), cost_of_goods=Decimal(0))
    await factories.order(alice, "70", days_ago=1, status=OrderStatus.CANCELLED)
    for activity, amount in ((CostActivity.ACQUISITION, 5), (CostActivity.CALL, 3)):
        fields: Any = {"activity": activity, "amount": Decimal(amount)}
        await costs.record(OWNER, alice.id, fields=fields, now=NOW)
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(alice.id)
    assert (found.revenue, found.discounts, found.cost_of_goods, found.gross_margin) == (100, 20, 60, 40)
    assert (found.cost_to_serve, found.acquisition_cost, found.net_profit) == (3, 5, 32)
    assert (found.frequency, found.recency_days, found.orders) == (1, 9, 2)


async def test_nobody_is_asked_to_believe_a_figure_that_cannot_be_known(db: str) -> None:
    [newcomer] = await newcomers(1)
    run = await runs.recompute(OWNER, now=NOW)
    found = await snapshot(newcomer)
    assert (run.status, run.model, run.customers) == (RunStatus.PUBLISHED, None, 1)
    assert (found.clv, found.p_alive, found.rfm_group, found.net_profit) == (None, None, None, 0)
    told = await fetch_value("SELECT value_lacks($1) -> 'clv' ->> 'reason'", found.lacks)
    assert told == "Purchases of this customer"


async def test_the_database_tells_reasons_as_the_code_does(db: str) -> None:
    for code in (0, 1, 2, 3, 2047):
        told = await fetch_value("SELECT value_lacks($1)::text", code)
        assert json.loads(told) == lacks.told(code)


async def test_potentials_are_apart_from_value_and_referrals_add_up(db: str) -> None:
    keys = await newcomers(60)
    await bought(rhythm(keys))
    link = (
        "INSERT INTO relationship (id, created_at, updated_at, version, customer_id, related_id, kind) "
        "VALUES (uuidv7(), now(), now(), 1, $1, $2, 'REFERRED_BY')"
    )
    for brought, by in ((5, 1), (6, 5), (7, 1)):
        await execute(link, keys[brought], keys[by])
    await execute("UPDATE relationship SET created_at = $1", NOW - timedelta(days=1))
    run = await runs.recompute(OWNER, now=NOW)
    total = await fetch_value("SELECT sum(networking_potential) FROM value_snapshot WHERE run_id = $1", run.id)
    found = [await snapshot(keys[number]) for number in (5, 6, 7)]
    worth = [max(one.net_profit if one.clv is None else one.clv, Decimal(0)) for one in found]
    assert float(total) == pytest.approx(float(sum(worth)) * 0.5, abs=0.01)


async def test_orders_and_figures_share_a_currency_exactly(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "0.0001", days_ago=1)
    await factories.order(alice, "99999999999.9999", days_ago=2)
    await runs.recompute(OWNER, now=NOW)
    assert (await snapshot(alice.id)).revenue == Decimal("100000000000.0000")


async def spoken(owner: Any, **fields: Any) -> None:
    values: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL, **fields}
    values.setdefault("occurred_at", NOW - timedelta(days=1))
    await interactions.log(OWNER, owner.id, fields=values, now=NOW)


async def test_cost_to_serve_is_what_was_noted_else_the_unit_cost_of_kind_or_channel_and_time(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "100", days_ago=3)
    await settings.change(OWNER, unit_costs={"CALL": "4", "PHONE": "1"}, hourly_cost="60")
    await spoken(alice, cost=Decimal(9), cost_currency="USD", duration_seconds=600)
    await spoken(alice)
    await spoken(alice, duration_seconds=600)
    await spoken(alice, kind=InteractionKind.NOTE)
    await runs.recompute(OWNER, now=NOW)
    assert (await snapshot(alice.id)).cost_to_serve == 9 + 4 + (4 + 10) + 1


async def test_delivered_value_comes_from_ratings_effort_and_promises(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "100", days_ago=3)
    survey = InteractionKind.SURVEY
    await spoken(alice, kind=survey, rating_kind=RatingKind.NPS, rating=8)
    await spoken(alice, kind=survey, rating_kind=RatingKind.CES, rating=7)
    due = NOW - timedelta(hours=5)
    await spoken(alice, answer_due_at=due, answered_at=due - timedelta(hours=1))
    await spoken(alice, answer_due_at=due)
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(alice.id)
    assert (found.satisfaction, found.ease, found.promises_kept) == (pytest.approx(0.8), 1, 0.5)
    assert found.delivered_value == pytest.approx(0.6 * 0.8 + 0.4 * 0.5)


async def test_learning_is_points_and_money_where_points_have_a_price(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "100", days_ago=3)
    await spoken(alice, kind=InteractionKind.IDEA)
    await spoken(alice, kind=InteractionKind.COMPLAINT, outcome="Adopted")
    await runs.recompute(OWNER, now=NOW)
    assert (await snapshot(alice.id)).learning_potential is None
    await settings.change(OWNER, learning_point_value="3")
    await runs.recompute(OWNER, now=NOW)
    assert (await snapshot(alice.id)).learning_potential == (5 + 2 * 5) * 3
