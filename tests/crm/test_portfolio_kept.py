"""Reports over everybody's days, told from what is kept, are those that are worked out when asked."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crm import costs
from crm.access import Scope
from crm.database import execute, fetch_value
from crm.errors import ValidationFailed
from crm.reports import kept, of_value, portfolio
from crm.reports.question import Report
from crm.value import runs
from crm.value.rollup import products
from crm.value.runs import changes, cohorts, pairs, periods, settings
from crm.value.runs.portfolio import CohortGrain
from models import CostActivity, KeptReport
from tests import factories
from tests.crm.test_value_pairs import LINE
from tests.crm.value_world import bought, newcomers
from tests.factories import NOW, OWNER

TODAY = NOW.date()
ALL = list(CohortGrain)
SPANS = [
    (date(2026, 1, 1), date(2026, 10, 1)),
    (date(2025, 11, 17), TODAY),
    (date(2026, 7, 1), TODAY + timedelta(days=1)),
    (TODAY - timedelta(days=6), TODAY - timedelta(days=2)),
    (date(2025, 1, 1), TODAY - timedelta(days=30)),
    (date(2026, 10, 1), date(2027, 2, 1)),
]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any history at all counts as much."""
    monkeypatch.setattr(kept, "LARGE", -2)
    monkeypatch.setattr(of_value, "DAYS", -2)


@pytest.fixture
async def shop(db: str, large: None) -> list[UUID]:
    """Sixty customers who buy, and cost, by chance over two years."""
    keys, chance = await newcomers(60), random.Random(3)
    days = [(key, TODAY - timedelta(days=chance.randrange(700))) for key in keys for _ in range(chance.randrange(1, 9))]
    await bought((key, day, Decimal(chance.randrange(5, 90))) for key, day in dict.fromkeys(days))
    for key, day in days[::3]:
        cost: Any = {
            "activity": chance.choice(list(CostActivity)),
            "amount": Decimal(chance.randrange(1, 400_000)) / 10_000,
        }
        at = datetime(day.year, day.month, day.day, 12, tzinfo=NOW.tzinfo) + timedelta(days=chance.randrange(-60, 1))
        fields: Any = {**cost, "occurred_at": at}
        await costs.record(OWNER, key, fields=fields, now=NOW)
    await settings.change(OWNER, price_cut="0.9", cost_cut="0.1")
    await runs.recompute(OWNER, now=NOW)
    return keys


async def keep_all() -> None:
    while await kept.keep(NOW):
        pass


@pytest.mark.parametrize("grain", ALL)
async def test_profit_matrices_and_cohorts_of_any_time_are_told_as_they_are_worked_out(
    shop: list[UUID], grain: CohortGrain
) -> None:
    await keep_all()
    for span in SPANS:
        await told_as_worked_out(grain, span)


async def told_as_worked_out(grain: CohortGrain, span: tuple[date, date]) -> None:
    asked: Any = {"grain": grain, "since": span[0], "until": span[1]}
    profit = await portfolio.profit_periods(OWNER, **asked, now=NOW)
    assert profit == portfolio.Told(await periods.profit_periods(OWNER, **asked), NOW)
    curves = await portfolio.cohorts(OWNER, **asked, now=NOW)
    assert curves.rows == await cohorts.cohorts(OWNER, **asked)
    exact = all(day.day == 1 or day >= date(2026, 11, 1) for day in span)
    assert curves.worked_at == (NOW if exact else None)
    if len(profit.rows) <= periods.MOST_MATRICES:
        cells = await portfolio.matrix_periods(OWNER, **asked, now=NOW)
        assert cells.rows == await periods.matrix_periods(OWNER, **asked)


@pytest.mark.parametrize("grain", ALL)
async def test_moves_between_any_two_periods_are_told_as_they_are_worked_out(
    shop: list[UUID], grain: CohortGrain
) -> None:
    await keep_all()
    for back, kept_at in ((0, NOW), (40, NOW), (100, NOW), (5000, None)):
        day = TODAY - timedelta(days=back)
        found = await portfolio.matrix_moves(OWNER, grain=grain, period=day, now=NOW)
        assert found == portfolio.Told(await periods.matrix_moves(OWNER, grain=grain, period=day), kept_at)


async def test_everything_usual_is_kept_before_anybody_asks(shop: list[UUID]) -> None:
    await keep_all()
    usual = await of_value.usual(NOW)
    answers = [await kept.ask(OWNER, question, now=NOW) for question in usual]
    assert [answer.worked_at for answer in answers] == [NOW] * 9


async def test_other_choices_are_not_answered_from_what_was_kept_under_the_old_ones(shop: list[UUID]) -> None:
    await keep_all()
    span: Any = {"since": date(2026, 1, 1), "until": TODAY}
    before = await portfolio.profit_periods(OWNER, **span, now=NOW)
    await settings.change(OWNER, margin_basis="RATE", margin_rate="0.5")
    after = await portfolio.profit_periods(OWNER, **span, now=NOW)
    assert after == portfolio.Told(await periods.profit_periods(OWNER, **span))
    assert after.rows[0].cost_of_goods == after.rows[0].revenue / 2 != before.rows[0].cost_of_goods


async def test_a_rule_one_customer_and_a_row_filter_are_never_answered_with_everybody(shop: list[UUID]) -> None:
    await keep_all()
    span: Any = {"since": date(2026, 1, 1), "until": TODAY, "now": NOW}
    one = await portfolio.profit_periods(OWNER, **span, customer_id=shop[0])
    none = await portfolio.matrix_periods(OWNER, **span, where={"country": {"eq": "AQ"}})
    blind = factories.actor(Scope.VALUE_READ, row_filter={"country": {"eq": "XX"}})
    nobody = await portfolio.profit_periods(blind, **span)
    assert (none.rows, sum(period.orders for period in nobody.rows)) == ([], 0)
    assert sum(period.revenue for period in one.rows) < sum(
        period.revenue for period in (await portfolio.profit_periods(OWNER, **span)).rows
    )


async def test_pairs_of_a_time_are_kept_once_asked_for_and_hold_every_least(shop: list[UUID]) -> None:
    await lines(shop)
    span: Any = {"since": date(2020, 1, 1), "until": TODAY}
    first = await portfolio.pairs(OWNER, **span, now=NOW)
    assert first == portfolio.Told(await pairs.pairs(OWNER, **span))
    await keep_all()
    assert (await portfolio.pairs(OWNER, **span, now=NOW)).worked_at == NOW
    for least in (2, 20, 30):
        found = await portfolio.pairs(OWNER, **span, least=least, now=NOW)
        assert found.rows == await pairs.pairs(OWNER, **span, least=least)
    offers = await portfolio.offers(OWNER, shop[0], **span, now=NOW)
    assert offers == portfolio.Told(await pairs.offers(OWNER, shop[0], **span), NOW)
    assert [offer.category for offer in offers.rows] == ["cups"]


async def test_pairs_without_days_are_those_of_the_twelve_whole_months_before_the_run(shop: list[UUID]) -> None:
    await execute("UPDATE value_run SET as_of = '2026-03-31T22:00:00Z'")
    assert await of_value.lately(NOW) == (date(2025, 3, 1), date(2026, 3, 1))
    await lines(shop)
    await keep_all()
    usual = await portfolio.pairs(OWNER, now=NOW)
    assert usual == portfolio.Told(await pairs.pairs(OWNER, since=date(2025, 3, 1), until=date(2026, 3, 1)), NOW)


async def test_answers_under_former_choices_are_dropped_rather_than_worked_out_under_the_new_ones(
    shop: list[UUID],
) -> None:
    await keep_all()
    former = await of_value.question(Report.PROFIT, CohortGrain.QUARTER)
    span: Any = {"since": date(2026, 1, 1), "until": TODAY}
    before = await portfolio.profit_periods(OWNER, **span, now=NOW)
    await settings.change(OWNER, margin_basis="RATE", margin_rate="0.5")
    await execute("UPDATE kept_report SET wanted_at = $1", NOW + timedelta(minutes=1))
    while await kept.keep(NOW + timedelta(minutes=2)):
        pass
    assert not await KeptReport.filter(key=kept.key_of(former, None)).exists()
    await settings.change(OWNER, margin_basis=None, margin_rate=None)
    assert (await portfolio.profit_periods(OWNER, **span, now=NOW)).rows == before.rows


async def test_choices_that_a_report_does_not_read_leave_its_answer_standing(shop: list[UUID]) -> None:
    before = [await of_value.basis(report) for report in Report if report in of_value._READS]
    await settings.change(OWNER, strategic_share="0.7", keep_runs=3)
    assert [await of_value.basis(report) for report in Report if report in of_value._READS] == before


async def lines(keys: list[UUID]) -> None:
    for category, owners in (("tea", keys[:30]), ("cups", keys[6:36]), ("bread", keys)):
        await execute(LINE, owners, category)
    await products.rebuild("UTC", None)


async def test_what_cannot_be_asked_is_refused_before_it_is_kept(shop: list[UUID]) -> None:
    for refused in (
        portfolio.profit_periods(OWNER, since=TODAY, until=TODAY, now=NOW),
        portfolio.cohorts(OWNER, since=TODAY, until=TODAY, now=NOW),
        portfolio.pairs(OWNER, since=TODAY, until=TODAY, now=NOW),
        portfolio.pairs(OWNER, since=date(2026, 1, 1), until=TODAY, least=1, now=NOW),
    ):
        with pytest.raises(ValidationFailed):
            await refused
    assert await KeptReport.all().count() == 0


async def test_what_changed_between_two_runs_is_told_as_it_is_worked_out_and_keeps_nobodys_name(
    shop: list[UUID],
) -> None:
    await bought([(shop[3], TODAY + timedelta(days=9), Decimal(800))])
    later = NOW + timedelta(days=20)
    await runs.recompute(OWNER, now=later)
    between = await changes.latest()
    assert between == await changes.span(NOW, later)
    await keep_all()
    equity = await portfolio.equity(OWNER, between, now=NOW)
    assert equity == portfolio.Told(await changes.equity(OWNER, between), NOW)
    for side in changes.Side:
        moved = await portfolio.migration(OWNER, between, side, now=NOW)
        assert moved == portfolio.Told(await changes.migration(OWNER, between, side), NOW)
    for rising in (True, False):
        movers = await portfolio.movers(OWNER, between, rising=rising, first=7, now=NOW)
        assert movers == portfolio.Told(await changes.movers(OWNER, between, rising=rising, first=7), NOW)
    name = await fetch_value("SELECT display_name FROM customer WHERE id = $1", shop[3])
    assert await fetch_value("SELECT count(*) FROM kept_report WHERE found::text LIKE '%' || $1 || '%'", name) == 0


async def test_over_few_days_figures_are_of_this_moment(shop: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    await keep_all()
    monkeypatch.setattr(of_value, "DAYS", 1_000_000)
    found = await portfolio.profit_periods(OWNER, since=date(2026, 1, 1), until=TODAY, now=NOW)
    assert (found.worked_at, await of_value.usual(NOW)) == (None, [])
