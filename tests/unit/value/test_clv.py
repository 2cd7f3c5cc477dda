"""CLV: linear in margin, consistent between its horizons, and capped where it caps spending."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.value import discount
from crm.value.clv import (
    allowable_retention_spend,
    equity,
    residual_value,
    total_value,
    value_of_a_new_customer,
)
from crm.value.discount import Horizon
from crm.value.errors import InsufficientData
from crm.value.models import MODELS
from crm.value.purchases import discounted_purchases
from tests.unit.value.data import CDNOW_PARETO, cdnow

PARETO = MODELS["PARETO_NBD"]


@given(st.floats(-2, 2, allow_subnormal=False), st.floats(0.1, 10))
def test_clv_is_linear_in_margin(margin: float, times: float) -> None:
    purchases, spend = np.array([0.3, 12.0]), np.array([35.0, 4.0])
    once, more = (residual_value(purchases, spend, rate) for rate in (margin, margin * times))
    np.testing.assert_allclose(more, once * times)


def test_many_short_periods_come_to_the_endless_integral() -> None:
    history = cdnow().history.sample(50)
    endless = discounted_purchases(PARETO, CDNOW_PARETO, history, Horizon(0.15, 52))
    monthly = discounted_purchases(PARETO, CDNOW_PARETO, history, Horizon(0.15, 52, 1200))
    np.testing.assert_allclose(monthly, endless, rtol=1e-3)


def test_money_at_the_end_of_a_period_is_worth_half_a_period_less() -> None:
    middle, end = (Horizon(0.1, 52, 24, timing=timing).factors for timing in ("MIDDLE", "END"))
    np.testing.assert_allclose(middle / end, 1.1 ** (1 / 24))


@pytest.mark.parametrize("name", list(MODELS))
def test_a_new_customer_is_worth_the_first_purchase_and_what_follows(name: str) -> None:
    p = (0.5, 10, 0.6, 11)
    always = value_of_a_new_customer(MODELS[name], p, Horizon(0.15, 52), 35.0, 0.3)
    century = value_of_a_new_customer(MODELS[name], p, Horizon(0.15, 52, 1200), 35.0, 0.3)
    assert 35.0 * 0.3 < century == pytest.approx(always, rel=2e-3)


def test_total_is_past_and_future() -> None:
    assert total_value(np.array([10.0]), np.array([-3.0])).tolist() == [7.0]


def test_equity_adds_up_losses_too_and_needs_customers() -> None:
    assert equity(np.array([10.0, -4.0])) == 6.0
    with pytest.raises(InsufficientData):
        equity(np.array([]))


def test_keeping_a_customer_may_cost_at_most_the_customer() -> None:
    spend = allowable_retention_spend(np.array([90.0, 50.0, -5.0, 10.0]), np.array([0.1, 0.0, 0.5, 1.0]), 0.5)
    np.testing.assert_allclose(spend, [5.0, 0.0, 0.0, 10.0])


@pytest.mark.parametrize(("margins", "period"), [([40.0, 40, 40], 3), ([100.0], 1), ([10.0, 10], None)])
def test_payback_is_the_first_period_that_covers_the_cost(margins: list[float], period: int | None) -> None:
    assert discount.payback_period(np.array(margins), 100.0) == period


def test_past_cash_compounds_and_future_cash_is_discounted() -> None:
    assert discount.present_value(np.array([100.0, 100.0]), 0.1, np.array([-1.0, 1.0])) == pytest.approx(
        200.9091, abs=1e-4
    )


@pytest.mark.parametrize("retention", [-0.1, 1.2])
def test_constant_retention_must_be_a_share(retention: float) -> None:
    with pytest.raises(discount.ValidationFailed, match="has no finite value"):
        discount.value_after_payment(100, retention, 0.1)
