"""Reports over all customers add up, explanations repeat what is stored, and what-ifs start from what is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm.access import Scope
from crm.database import execute, fetch, fetch_row
from crm.errors import Blocked, Forbidden, NotFound, ValidationFailed, VersionConflict
from crm.value import runs
from crm.value.runs import changes, cohorts, explain, portfolio, refresh, settings, simulate, strategic
from crm.value.whatif import Change
from models import DesignationStatus, StrategicDesignation, StrategicKind
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


async def test_strategic_customers_are_proposed_confirmed_and_expire(shop: list[UUID]) -> None:
    link = (
        "INSERT INTO relationship (id, created_at, updated_at, version, customer_id, related_id, kind) "
        "VALUES (uuidv7(), $3, $3, 1, $1, $2, 'REFERRED_BY')"
    )
    for brought in (5, 6):
        await execute(link, shop[brought], shop[1], NOW)
    assert await strategic.propose(OWNER, now=NOW) > 1
    found = await StrategicDesignation.get(kind=StrategicKind.BENCHMARK)
    assert (found.customer_id, found.status, found.evidence) == (shop[1], DesignationStatus.PROPOSED, {"brought": 2})
    decided = await strategic.decide(
        OWNER, found.id, expected_version=1, confirm=True, review_on=date(2027, 5, 1), note="Speaks for us", now=NOW
    )
    assert (decided.status, decided.decided_by) == (DesignationStatus.CONFIRMED, "owner")
    await strategic.propose(OWNER, now=NOW + timedelta(days=300))
    statuses = await StrategicDesignation.filter(customer_id=shop[1], kind="BENCHMARK").order_by("created_at")
    assert [one.status.value for one in statuses] == ["EXPIRED", "PROPOSED"]


async def test_high_lifetime_value_is_the_fewest_who_hold_most_of_it(shop: list[UUID]) -> None:
    await strategic.propose(OWNER, now=NOW)
    chosen = await StrategicDesignation.filter(kind=StrategicKind.HIGH_LIFETIME_VALUE)
    values = sorted(
        (float(r["clv"]) for r in await fetch("SELECT clv FROM value_snapshot WHERE clv > 0")), reverse=True
    )
    fewest = next(n for n in range(1, len(values) + 1) if sum(values[:n]) >= 0.8 * sum(values))
    assert len(chosen) == min(fewest, 100)
    assert {one.evidence["clvRank"] for one in chosen} <= set(range(1, fewest + 1))


async def test_what_makes_a_customer_strategic_is_for_the_organisation_to_say(shop: list[UUID]) -> None:
    await settings.change(OWNER, strategic_share="0.2", strategic_cost_share="1", strategic_most=3)
    await strategic.propose(OWNER, now=NOW)
    kinds = [one.kind for one in await StrategicDesignation.all()]
    assert kinds.count(StrategicKind.HIGH_LIFETIME_VALUE) == 3
    assert StrategicKind.COST_MAGNET not in kinds


async def test_a_designation_put_aside_rests_and_bad_decisions_are_refused(shop: list[UUID]) -> None:
    await strategic.propose(OWNER, now=NOW)
    found = await StrategicDesignation.all().order_by("id").first()
    assert found is not None
    decision: Any = {"confirm": False, "review_on": date(2027, 1, 1), "now": NOW}
    with pytest.raises(VersionConflict):
        await strategic.decide(OWNER, found.id, expected_version=9, **decision)
    with pytest.raises(ValidationFailed):
        await strategic.decide(OWNER, found.id, expected_version=1, **{**decision, "review_on": NOW.date()})
    await strategic.decide(OWNER, found.id, expected_version=1, **decision)
    with pytest.raises(Blocked):
        await strategic.decide(OWNER, found.id, expected_version=2, **decision)
    await strategic.propose(OWNER, now=NOW)
    again = StrategicDesignation.filter(customer_id=found.customer_id, kind=found.kind)
    assert [one.status for one in await again] == [DesignationStatus.DISMISSED]


async def test_stages_show_what_their_customers_are_worth(shop: list[UUID]) -> None:
    assert await portfolio.stages(OWNER) == []
    assert (await snapshot(shop[0])).clv is not None
