"""Reports over all customers add up, explanations repeat what is stored, and what-ifs start from what is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm.access import Scope
from crm.database import fetch_row
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed
from crm.value import runs
from crm.value.runs import changes, cohorts, explain, portfolio, refresh, simulate
from crm.value.whatif import Change
from tests import factories
from tests.crm.value_world import bought, newcomers, recorded, rhythm, snapshot
from tests.factories import NOW, OWNER

LATER = NOW + timedelta(days=30)
ALICE: dict[str, Any] = {"country": {"eq": "IR"}}


@pytest.fixture
async def shop(db: str) -> list[UUID]:
    keys = await newcomers(200)
    await bought(rhythm(keys))
    await runs.recompute(OWNER, now=NOW)
    return keys


async def totals() -> Any:
    return await fetch_row(
        "SELECT sum(clv_residual) AS equity, sum(net_profit) AS profit, sum(clv) AS clv, count(*) AS customers "
        "FROM value_snapshot WHERE run_id = (SELECT id FROM value_run WHERE is_current)"
    )


async def test_the_stored_portfolio_is_the_sum_of_its_customers(shop: list[UUID]) -> None:
    found, whole = (await portfolio.portfolio(OWNER)).figures, await totals()
    assert found["equity"] == pytest.approx(float(whole["equity"]), abs=0.1)
    assert 0 < found["equityLow"] < found["equity"] < found["equityHigh"] < 3 * found["equity"]
    assert found["whale"]["total"] == pytest.approx(float(whole["profit"]), abs=0.1)
    for part in ("tiers", "rfm"):
        assert sum(row["customers"] for row in found[part]) == whole["customers"] == len(shop)
        assert sum(row["residual"] for row in found[part]) == pytest.approx(found["equity"])
    assert sum(found["distribution"]["customers"]) == len(shop)


async def test_sums_are_not_for_those_who_see_only_some_and_need_a_run(db: str) -> None:
    with pytest.raises(NotFound):
        await portfolio.portfolio(OWNER)
    with pytest.raises(Blocked):
        await portfolio.portfolio(factories.actor(Scope.VALUE_READ, row_filter=ALICE))
    with pytest.raises(Forbidden):
        await portfolio.portfolio(factories.everything_but(Scope.VALUE_READ))


async def test_a_run_that_found_nobody_says_so_instead_of_an_empty_portfolio(db: str) -> None:
    await runs.recompute(OWNER, now=NOW)
    with pytest.raises(NotFound, match="found no customers"):
        await portfolio.portfolio(OWNER)


async def test_an_explanation_computes_the_stored_figures_again(shop: list[UUID]) -> None:
    await recorded([(shop[7], date(2026, 11, 19), Decimal(44))])
    await refresh.refresh(OWNER, [shop[7]], now=NOW)
    for key in (shop[0], shop[7], shop[9]):
        found = await explain.explain(OWNER, key)
        assert [check.figure for check in found.checks if not check.equal] == []
        drivers = {driver.key: driver.value for driver in found.drivers}
        product = drivers["discountedPurchases"] * drivers["expectedOrderValue"] * drivers["contributionRate"]
        assert drivers["clvResidual"] == pytest.approx(product)


async def test_an_explanation_is_for_those_who_may_see_the_customer(shop: list[UUID]) -> None:
    with pytest.raises(NotFound):
        await explain.explain(factories.actor(Scope.VALUE_READ, row_filter=ALICE), shop[0])
    with pytest.raises(NotFound):
        await explain.explain(OWNER, (await factories.customer()).id)


async def test_a_what_if_without_a_change_is_what_is(shop: list[UUID]) -> None:
    found = await simulate.simulate(OWNER, Change())
    assert found.baseline == found.scenario == pytest.approx((await totals())["equity"], abs=Decimal("0.1"))
    assert (found.customers, found.net_gain, found.break_even_spend) == (len(shop), 0, 0)


@pytest.mark.parametrize(
    ("change", "better"),
    [
        (Change(churn=0.8), True),
        (Change(churn=1.2), False),
        (Change(frequency=1.1), True),
        (Change(margin=0.02), True),
        (Change(discount_rate=0.2), False),
    ],
)
async def test_a_what_if_moves_equity_the_right_way(shop: list[UUID], change: Change, better: bool) -> None:
    found = await simulate.simulate(OWNER, change)
    assert (found.net_gain > 0) is better
    assert found.break_even_spend == max(found.net_gain, 0)


async def test_a_what_if_is_linear_in_margin_and_frequency(shop: list[UUID]) -> None:
    found = await simulate.simulate(OWNER, Change(frequency=1.5))
    assert float(found.scenario) == pytest.approx(1.5 * float(found.baseline))
    found = await simulate.simulate(OWNER, Change(margin=0.3))
    assert float(found.scenario) == pytest.approx(2 * float(found.baseline), rel=1e-6)


def test_a_what_if_beyond_reason_is_refused_by_name() -> None:
    with pytest.raises(ValidationFailed) as refused:
        Change(churn=-1)
    assert refused.value.path == ("churn",)


async def test_a_change_of_equity_has_causes_that_add_up(shop: list[UUID]) -> None:
    [newcomer] = await newcomers(1)
    before = (await totals())["equity"]
    await bought([(newcomer, date(2026, 11, 25), Decimal(30)), (shop[3], date(2026, 11, 26), Decimal(80))])
    await runs.recompute(OWNER, now=LATER)
    between = await changes.span(NOW, LATER)
    causes = {cause.cause: cause for cause in await changes.equity(OWNER, between)}
    assert sum(cause.change for cause in causes.values()) == (await totals())["equity"] - before
    assert causes["ACQUIRED"].customers == 1
    assert causes["DEVELOPED"].customers == 1


async def test_migration_counts_everybody_once_and_movers_are_the_extremes(shop: list[UUID]) -> None:
    await bought([(shop[3], date(2026, 11, 26), Decimal(800))])
    await runs.recompute(OWNER, now=LATER)
    between = await changes.span(NOW, LATER)
    for side in changes.Side:
        assert sum(move.customers for move in await changes.migration(OWNER, between, side)) == len(shop)
    [riser] = await changes.movers(OWNER, between, rising=True, first=1)
    assert riser.customer_id == shop[3]
    falling = [mover.change for mover in await changes.movers(OWNER, between, rising=False)]
    assert falling == sorted(falling)
    with pytest.raises(ValidationFailed):
        await changes.span(NOW, NOW)


async def test_cohorts_cumulate_to_all_revenue_and_unlived_ages_are_absent(shop: list[UUID]) -> None:
    points = await cohorts.cohorts(
        OWNER, grain=portfolio.CohortGrain.MONTH, since=date(2024, 1, 1), until=date(2026, 11, 20)
    )
    assert sum(point.customers for point in points if point.age == 0) == len(shop)
    by_age = [point.revenue for point in points if point.cohort == points[0].cohort]
    assert by_age == sorted(by_age)
    assert all(point.age == 0 for point in points if point.cohort >= date(2026, 10, 1))


async def test_stages_show_what_their_customers_are_worth(shop: list[UUID]) -> None:
    assert await portfolio.stages(OWNER) == []
    assert (await snapshot(shop[0])).clv is not None
