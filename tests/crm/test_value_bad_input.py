"""Bad input gives a reason, a warning or a clear error, and what was published before stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import orders
from crm.database import fetch, fetch_value
from crm.errors import CrmError
from crm.value import fitting, lacks, runs
from crm.value.errors import FitRejected
from crm.value.runs import periods, refresh
from models import Order, RunStatus, ValueRun, ValueSnapshot
from tests import factories
from tests.crm.value_world import bought, load_cdnow, newcomers, rhythm, run_at, snapshot
from tests.factories import NOW, OWNER

DAY = date(2026, 10, 1)


def codes(run: ValueRun) -> set[str]:
    return {notice["code"] for notice in run.diagnostics["notices"]}


async def test_all_orders_on_one_day_are_profit_without_a_forecast(db: str) -> None:
    keys = await newcomers(30)
    await bought((key, DAY, Decimal(10)) for key in keys)
    run = await runs.recompute(OWNER, now=NOW)
    found = await snapshot(keys[0])
    assert (run.status, run.model) == (RunStatus.PUBLISHED, None)
    assert (found.revenue, found.clv) == (10, None)
    assert lacks.told(found.lacks)["clv"]["reason"].startswith("Purchase models")
    assert found.allowable_acquisition is None
    assert lacks.told(found.lacks)["allowableAcquisition"]["reason"].startswith("Purchase models")


async def test_customers_who_pay_and_cost_alike_have_no_cell_and_are_told_what_to_record(db: str) -> None:
    keys = await newcomers(30)
    await bought((key, DAY, Decimal(10)) for key in keys)
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(keys[0])
    assert (found.matrix_cell, found.price_realisation, found.cost_to_serve_ratio) == (None, 1, 0)
    assert "record list prices" in lacks.told(found.lacks)["matrixCell"]["reason"]
    with pytest.raises(CrmError, match="Record list prices, costs and interactions"):
        await periods.cuts()


async def test_equal_customers_determine_no_mixture_and_the_run_says_so(db: str) -> None:
    keys = await newcomers(300)
    await bought((key, DAY + timedelta(days=7 * week), Decimal(10)) for key in keys for week in range(4))
    run = await runs.recompute(OWNER, now=NOW)
    assert run.status is RunStatus.PUBLISHED
    assert run.model is None
    assert "NOT_FITTED" in codes(run)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"amount": Decimal(-5)}, "amount"),
        ({"amount": Decimal(5), "refunded": Decimal(6)}, "refunded"),
        ({"amount": Decimal(5), "currency": "EUR"}, "exchangeRate"),
        ({"amount": Decimal(5), "placed_at": NOW + timedelta(days=400)}, "placedAt"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_by_name_and_figures_stay(
    db: str, fields: dict[str, Any], path: str
) -> None:
    alice = await factories.customer()
    await factories.order(alice, "100", days_ago=3)
    await runs.recompute(OWNER, now=NOW)
    with pytest.raises(CrmError) as refused:
        await orders.record(OWNER, alice.id, fields={"placed_at": NOW, **fields}, now=NOW)
    assert path in refused.value.path
    await refresh.refresh(OWNER, [alice.id], now=NOW)
    assert (await snapshot(alice.id)).revenue == 100


async def test_orders_before_the_epoch_count_like_any_other(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "10", days_ago=1)
    fields: Any = {"amount": Decimal(7), "placed_at": datetime(1931, 5, 2, tzinfo=UTC)}
    await orders.record(OWNER, alice.id, fields=fields, now=NOW)
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(alice.id)
    assert (found.first_order_on, found.revenue, found.frequency) == (date(1931, 5, 2), 17, 2)


async def test_an_order_given_back_whole_is_no_purchase(db: str) -> None:
    alice = await factories.customer()
    await factories.order(alice, "10", days_ago=5, refunded=Decimal(10))
    await runs.recompute(OWNER, now=NOW)
    found = await snapshot(alice.id)
    assert (found.revenue, found.frequency, found.rfm_group) == (0, None, None)
    assert lacks.told(found.lacks)["frequency"] == {"reason": "Purchases of this customer", "have": 0, "need": 1}


async def test_parameters_at_their_bounds_are_a_warning_with_their_name(db: str, monkeypatch: Any) -> None:
    keys = await newcomers(60)
    await bought(rhythm(keys))
    fit = fitting.models.fit

    def bounded(name: str, *given: Any, **options: Any) -> Any:
        if name == "PARETO_NBD":
            raise FitRejected("Parameter s ran to 1e+04.", cause="AT_BOUND", parameter="s", value=1e4)
        return fit(name, *given, **options)

    monkeypatch.setattr(fitting.models, "fit", bounded)
    run = await runs.recompute(OWNER, now=NOW)
    told = [notice["values"] for notice in run.diagnostics["notices"] if notice["code"] == "NOT_FITTED"]
    assert run.model not in (None, "PARETO_NBD")
    assert {"model": "PARETO_NBD", "cause": "AT_BOUND", "parameter": "s"}.items() <= told[0].items()


async def test_a_run_that_cannot_be_is_told_by_its_code_and_the_good_one_stays(fresh_db: str, monkeypatch: Any) -> None:
    [key] = await newcomers(1)
    good = await runs.recompute(OWNER, now=NOW)

    async def burst(*_: Any, **__: Any) -> None:
        raise FitRejected("Nothing fits.")

    monkeypatch.setattr("crm.value.runs.full.publish", burst)
    with pytest.raises(FitRejected):
        await runs.recompute(OWNER, now=NOW + timedelta(days=1))
    failed = await ValueRun.get(status=RunStatus.FAILED)
    assert failed.diagnostics["failure"]["code"] == "FIT_REJECTED"
    assert (await snapshot(key)).run_id == good.id
    assert await fetch_value("SELECT count(*) FROM value_run WHERE is_current") == 1
    assert await Order.all().count() == 0


@pytest.mark.parametrize("amounts", [["10"], ["10", "10", "10"], ["0", "0"]])
async def test_one_customer_is_valued_by_what_happened(db: str, amounts: list[str]) -> None:
    alice = await factories.customer()
    for days, amount in enumerate(amounts):
        await factories.order(alice, amount, days_ago=days)
    run = await runs.recompute(OWNER, now=NOW)
    found = await snapshot(alice.id)
    assert run.parameters["lacking"] == {
        "reason": "Customers who bought again",
        "have": int(len(amounts) > 1),
        "need": 10,
    }
    assert (found.revenue, found.frequency, found.clv) == (sum(map(Decimal, amounts)), len(amounts), None)
    assert found.rfm_group is not None
    assert "NO_MODEL" in codes(run)


async def test_an_empty_organisation_has_a_run_too(db: str) -> None:
    run = await runs.recompute(OWNER, now=NOW)
    assert (run.status, run.is_current, run.customers) == (RunStatus.PUBLISHED, True, 0)
    told = "What is to come cannot be foretold: No customer has bought anything yet (0 of 1 needed)."
    assert run.warnings == [told]


async def test_constant_spend_is_a_warning_and_that_amount(db: str) -> None:
    keys = await newcomers(60)
    await bought((key, day, Decimal(25)) for key, day in dict.fromkeys((key, day) for key, day, _ in rhythm(keys)))
    run = await runs.recompute(OWNER, now=NOW)
    assert any("spend the same" in warning for warning in run.warnings)
    if run.model:
        assert (await snapshot(keys[5])).expected_order_value == 25


async def test_a_model_that_does_not_converge_leaves_profit_and_a_reason(db: str, monkeypatch: Any) -> None:
    await load_cdnow()

    def refuse(*_: Any, **__: Any) -> None:
        raise FitRejected("The likelihood has no maximum.")

    monkeypatch.setattr(fitting.models, "fit", refuse)
    run = await run_at(date(1997, 9, 30))
    assert (run.status, run.model) == (RunStatus.PUBLISHED, None)
    assert any("no maximum" in warning for warning in run.warnings)
    assert await ValueSnapshot.filter(run_id=run.id, clv__isnull=False).count() == 0


async def test_equal_customers_old_days_and_one_day_for_all_are_no_fault(db: str) -> None:
    keys = await newcomers(300)
    await bought((key, date(1900, 1, 2), Decimal(10)) for key in keys)
    run = await runs.recompute(OWNER, now=NOW)
    found = await snapshot(keys[0])
    assert (run.status, run.model, found.first_order_on) == (RunStatus.PUBLISHED, None, date(1900, 1, 2))
    assert {row["rfm_group"] for row in await fetch("SELECT rfm_group FROM value_snapshot")} == {found.rfm_group}
    assert any("Nobody has bought" in warning for warning in run.warnings)
