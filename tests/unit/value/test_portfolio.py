"""Profit curves, tiers, the profitability matrix, referrals and relationships."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import ValidationFailed
from crm.value import matrix, profit
from crm.value.referral import brought_value, network_value
from crm.value.relationship import relationship, value_at_risk

WORTH = st.lists(st.floats(-100, 100), min_size=1, max_size=20).map(np.array)


def test_whale_curve_of_a_published_shape() -> None:
    """The 140% / -40% example: the profitable make 140 of 100, the rest lose 40."""
    curve = profit.whale_curve(np.array([90.0, -10, 50, 0, -30]))
    assert (curve.peak, curve.peak_share, curve.total, curve.losing) == (140, 1.4, 100, 0.4)
    assert curve.peak_at == 0.4
    assert (curve.top, curve.top_share) == (90, 0.9)
    assert curve.order.tolist() == [0, 2, 3, 1, 4]


def test_a_losing_portfolio_is_told_in_money() -> None:
    curve = profit.whale_curve(np.array([10.0, -30.0]))
    assert (curve.peak_share, curve.top_share, curve.peak) == (None, None, 10)


@given(WORTH)
def test_the_whale_curve_rises_to_its_peak_and_falls_to_the_total(values: np.ndarray) -> None:
    curve = profit.whale_curve(values)
    assert curve.total == pytest.approx(values.sum(), abs=1e-9)
    assert curve.peak == pytest.approx(np.maximum(values, 0).sum(), abs=1e-9)
    assert np.all(np.diff(curve.profit, n=2) <= 1e-9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([5.0, 5, 5, 5], 0.0), ([0.0, 0, 0, 8], 0.75), ([1.0, 2, 3, 4], 0.25), ([0.0], None)],
)
def test_gini(values: list[float], expected: float | None) -> None:
    assert profit.gini(np.array(values)) == (expected if expected is None else pytest.approx(expected))


def test_gini_is_not_defined_for_losses() -> None:
    with pytest.raises(ValidationFailed, match=r"values\[1\] is -2"):
        profit.gini(np.array([1.0, -2.0]))


def test_pareto_share() -> None:
    values = np.array([80.0, 5, 5, 5, 5])
    assert profit.top_share(values) == pytest.approx(0.8)
    assert profit.top_share(values, 0.3) == pytest.approx(0.825)
    assert profit.top_share(-values) is None


def test_the_smallest_set_with_80_percent() -> None:
    marks = profit.smallest_set(np.array([50.0, -10, 30, 15, 5]))
    assert marks.tolist() == [True, False, True, False, False]
    assert not profit.smallest_set(np.zeros(3)).any()


def test_tiers_go_by_share_of_customers_and_equals_stay_together() -> None:
    assert profit.tiers(np.arange(10.0, 0, -1), (0.1, 0.5)).tolist() == [0, 1, 1, 1, 1, 2, 2, 2, 2, 2]
    assert set(profit.tiers(np.full(10, 3.0)).tolist()) == {0}


def test_matrix_cells_by_price_and_cost() -> None:
    price, cost = np.array([0.9, 0.9, 0.5, 0.5, np.nan]), np.array([0.4, 0.1, 0.4, 0.1, 0.1])
    placed = matrix.place(price, cost, price_cut=0.7, cost_cut=0.2)
    assert placed.cells.tolist() == ["CARRIAGE_TRADE", "PASSIVE", "AGGRESSIVE", "BARGAIN_BASEMENT", ""]


def test_matrix_cuts_default_to_the_medians_of_the_known() -> None:
    price = matrix.price_realised(np.array([80.0, 90, 100, 5]), np.array([100.0, 100, 100, 0]))
    cost = matrix.cost_ratio(np.array([8.0, 18, 30, 1]), np.array([80.0, 90, 100, 0]))
    placed = matrix.place(price, cost)
    assert (placed.price_cut, placed.cost_cut) == (0.9, 0.2)
    assert placed.cells[3] == ""


def test_direct_referrals_credit_the_referrer() -> None:
    assert network_value(np.array([-1, 0, 0, 1]), np.array([500.0, 10, 20, 40])).tolist() == [30, 40, 0, 0]


def test_indirect_referrals_share_credit_with_decay() -> None:
    credit = network_value(np.array([-1, 0, 1]), np.array([0.0, 30, 90]), depth=2, decay=0.5)
    assert credit.tolist() == [30 + 30, 60, 0]


@given(WORTH, st.integers(1, 5), st.floats(0, 1), st.randoms())
def test_network_credits_count_nothing_twice(worth: np.ndarray, depth: int, decay: float, rnd: object) -> None:
    referrer = np.array([rnd.randint(-1, i - 1) for i in range(len(worth))])  # type: ignore[attr-defined]
    credit = network_value(referrer, worth, depth=depth, decay=decay)
    assert credit.sum() == pytest.approx(worth[referrer >= 0].sum(), abs=1e-6)


def test_long_chains_are_no_circle() -> None:
    chain = np.arange(-1, 4999)
    assert network_value(chain, np.ones(5000), depth=3).sum() == pytest.approx(4999)


@pytest.mark.parametrize(
    ("referrer", "message"),
    [
        ([1, 2, 0], "circle of referrals"),
        ([0], "circle of referrals"),
        ([-1, 7], r"referrer\[1\] is 7: no such"),
    ],
)
def test_circles_and_strangers_are_refused(referrer: list[int], message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        network_value(np.array(referrer), np.ones(len(referrer)))


def test_who_would_have_come_anyway_only_saves_acquisition() -> None:
    worth = brought_value(np.array([100.0]), came_anyway=0.25, referral_cost=20, saved_acquisition=15)
    assert worth.tolist() == [75]


def test_breadth_concentration_and_single_threads() -> None:
    customer = np.array([0] * 10 + [1] * 4 + [2] * 2)
    staff = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 7, 7, 7, 1, 0, 1])
    seen = relationship(customer, staff, 4)
    assert seen.breadth.tolist() == [5, 1, 0, 0]
    assert seen.firm_level.tolist() == [True, False, False, False]
    assert seen.single_threaded.tolist() == [False, True, True, False]
    assert seen.top_staff.tolist() == [0, 7, 0, -1]
    np.testing.assert_allclose(seen.top_share, [0.2, 0.75, 0.5, np.nan])
    np.testing.assert_allclose(seen.concentration, [0.2, 0.625, 0.5, np.nan])


def test_value_at_risk_by_staff_counts_single_threaded_customers_once() -> None:
    risk = value_at_risk(np.array([0, 1, 1, -1]), np.array([True, True, False, True]), np.array([5.0, 7, 9, 1]), 3)
    assert risk.tolist() == [5, 7, 0]
