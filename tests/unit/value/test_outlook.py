"""Equity under a change from kept sums is that which every customer's own forecast adds up to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crm.value.outlook
from crm.value.assumptions import Assumptions
from crm.value.findings import Findings
from crm.value.history import History
from crm.value.models import MODELS
from crm.value.outlook import TERMS, WIDTH, Alike, outlook
from crm.value.purchases import p_alive
from crm.value.whatif import Change, future_purchases
from tests.unit.value.test_purchase_properties import Numbers, customers, names, parameters

ASSUMED = Assumptions()
changes = st.builds(
    Change,
    churn=st.floats(0, 10),
    frequency=st.floats(0, 10),
    margin=st.floats(-1, 1),
    cost_to_serve=st.floats(0, 10),
    discount_rate=st.none() | st.floats(0, 5),
)
seeds = st.integers(0, 2**32 - 1)


def brought(seed: int, size: int) -> np.ndarray:
    """Spend, earnings and cost to serve of one purchase of each customer, losses among them."""
    draws = np.random.default_rng(seed)
    spend = draws.lognormal(3, 1, size)
    return np.stack([spend, spend * draws.normal(0.3, 0.2, size), spend * draws.uniform(0, 0.5, size)])


def exact(name: str, p: Numbers, history: History, each: np.ndarray, change: Change) -> tuple[float, float]:
    """Equity one by one, and the same with all amounts counted as gains: the scale of what may be left out."""
    horizon = ASSUMED.clv_horizon
    rate = horizon.annual_rate if change.discount_rate is None else change.discount_rate
    there = future_purchases(MODELS[name], p, history, replace(horizon, annual_rate=rate), change)
    factors = np.array([change.margin, 1, -(change.cost_to_serve - 1)])
    return float(there @ (factors @ each)), float(there @ (abs(factors) @ abs(each)))


@given(names, parameters, customers(), changes, seeds)
@settings(max_examples=60, deadline=None)
def test_any_change_of_any_customers_agrees_with_the_sum_of_each_within_the_stated_error(
    name: str, p: Numbers, history: History, change: Change, seed: int
) -> None:
    each = brought(seed, len(history))
    groups = Alike(
        len(history),
        np.full(len(history), -1),
        history.x,
        history.T * ASSUMED.unit_days,
        each * p_alive(MODELS[name], p, history),
    )
    before, after = outlook(groups, ASSUMED, Findings(model=name, parameters=p)).under(change, ASSUMED.clv_horizon)
    lean = abs(change.churn - 1)
    error = (lean * WIDTH / 2) ** TERMS / 720 * np.exp(lean * WIDTH) + 1e-9
    for found, (wanted, scale) in (
        (before, exact(name, p, history, each, Change())),
        (after, exact(name, p, history, each, change)),
    ):
        assert abs(found - wanted) <= error * scale + 1e-9


@pytest.mark.parametrize("churn", [0.0, 0.5, 0.9, 1.1, 2.0])
def test_up_to_twice_as_many_who_leave_nothing_is_lost_to_a_cent_of_a_billion(churn: float) -> None:
    p, draws = (0.55, 10.58, 0.61, 11.67), np.random.default_rng(1)
    T, x = draws.integers(100, 400, 3000).astype(float), draws.poisson(2, 3000).astype(float)
    history = History.of(x, np.where(x > 0, T * 0.7, 0), T)
    each = brought(2, 3000)
    groups = Alike(3000, np.full(3000, -1), x, T * ASSUMED.unit_days, each * p_alive(MODELS["PARETO_NBD"], p, history))
    found = outlook(groups, ASSUMED, Findings(model="PARETO_NBD", parameters=p))
    after = found.under(Change(churn=churn), ASSUMED.clv_horizon)[1]
    assert after == pytest.approx(exact("PARETO_NBD", p, history, each, Change(churn=churn))[0], rel=1e-11)
    assert len(found.month) < 2000


@pytest.mark.parametrize(
    ("name", "p"),
    [
        ("PARETO_NBD", (0.55, 10.58, 0.61, 11.67)),
        ("PARETO_NBD", (0.3, 80.0, 2.3, 0.9)),
        ("BG_NBD", (0.243, 4.41, 0.793, 2.426)),
        ("MBG_NBD", (0.525, 6.18, 0.89, 1.61)),
    ],
)
def test_many_customers_are_gathered_at_few_times_and_nothing_is_lost(
    name: str, p: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws, size = np.random.default_rng(4), 5000
    x, observed = draws.poisson(3, size).astype(float), draws.integers(100, 1400, size).astype(float)
    groups = Alike(size, np.full(size, -1), x, observed, brought(5, size))
    gathered = outlook(groups, ASSUMED, Findings(model=name, parameters=p))
    monkeypatch.setattr(crm.value.outlook, "COUNTS", ())
    one_by_one = outlook(groups, ASSUMED, Findings(model=name, parameters=p))
    assert gathered.moments.tobytes() != one_by_one.moments.tobytes()  # other sums, of the same
    for change in (Change(), Change(churn=0.5, margin=0.02), Change(churn=2, discount_rate=0.3)):
        wanted = one_by_one.under(change, ASSUMED.clv_horizon)
        assert gathered.under(change, ASSUMED.clv_horizon) == pytest.approx(wanted, rel=1e-11)


def test_nobody_has_an_outlook_of_nothing() -> None:
    nobody = Alike(0, np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros((3, 0)))
    assert outlook(nobody, ASSUMED, Findings()).under(Change(churn=2), ASSUMED.clv_horizon) == (0, 0)
