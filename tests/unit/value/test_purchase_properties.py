"""What must hold for any customer under any parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.value.arrays import Floats
from crm.value.discount import Horizon
from crm.value.history import History
from crm.value.models import MODELS
from crm.value.purchases import (
    churn_risk,
    discounted_purchases,
    expected_lifetime,
    expected_purchases,
    next_purchase_after,
    p_alive,
    purchase_counts,
)

Numbers = tuple[float, ...]

names = st.sampled_from(list(MODELS))
parameters = st.tuples(*[st.floats(-4, 4).map(np.exp) for _ in range(4)])
weeks = st.floats(0.01, 500)


@st.composite
def customers(draw: st.DrawFn) -> History:
    """Some customers, the same histories appearing more than once."""
    rows = draw(st.lists(st.tuples(st.integers(0, 300), st.floats(0.01, 1), weeks), min_size=1, max_size=8))
    x, share, T = np.array(rows * 2, dtype=float).T
    return History.of(x, np.where(x > 0, share * T, 0.0), T)


given_any = given(names, parameters, customers())
quick = settings(max_examples=40, deadline=None)


@given_any
@quick
def test_alive_is_a_probability(name: str, p: Numbers, history: History) -> None:
    alive = p_alive(MODELS[name], p, history)
    assert np.all((alive >= 0) & (alive <= 1))


@given(names, parameters, customers(), weeks)
@quick
def test_silence_lowers_alive(name: str, p: Numbers, history: History, silence: float) -> None:
    later = History.of(history.x, history.t_x, history.T + silence)
    assert np.all(p_alive(MODELS[name], p, later) <= p_alive(MODELS[name], p, history) + 1e-12)


@given(names, parameters, customers(), weeks, weeks)
@quick
def test_expected_purchases_rise_and_are_concave(
    name: str, p: Numbers, history: History, t: float, more: float
) -> None:
    start, middle, end = (expected_purchases(MODELS[name], p, history, at) for at in (t, t + more, t + 2 * more))
    slack = 1e-7 * (1 + end)
    assert np.all(start >= 0)
    assert np.all(middle - start >= -slack)
    assert np.all(end - middle <= middle - start + slack)


@given(names, parameters, customers(), weeks)
@quick
def test_chances_fit_together(name: str, p: Numbers, history: History, t: float) -> None:
    """Markov's and Jensen's inequalities hold between the figures of one customer."""
    model = MODELS[name]
    expected, counts = expected_purchases(model, p, history, t), purchase_counts(model, p, history, t)
    assert np.all((counts.chance >= -1e-12) & (counts.chance <= np.minimum(1, expected) + 1e-7 * (1 + expected)))
    assert np.all(np.nan_to_num(counts.variance) >= 0)
    seen = counts.chance > 1e-9
    np.testing.assert_allclose((counts.chance * counts.mean)[seen], expected[seen], rtol=1e-5)


@given(names, parameters, customers(), weeks)
@quick
def test_churn_risk_grows_from_the_risk_of_today(name: str, p: Numbers, history: History, t: float) -> None:
    model = MODELS[name]
    today = 1 - p_alive(model, p, history)
    np.testing.assert_allclose(churn_risk(model, p, history, 0), today, atol=1e-12)
    assert np.all(churn_risk(model, p, history, t) >= today - 1e-9)
    assert np.all(expected_lifetime(model, p, history, t) <= t * (1 + 1e-6))


@given_any
@quick
def test_distinct_histories_give_the_same_as_row_by_row(name: str, p: Numbers, history: History) -> None:
    model, horizon = MODELS[name], Horizon(0.1, 52, 12)
    together = discounted_purchases(model, p, history, horizon)
    alone = [
        discounted_purchases(model, p, History.of(*row), horizon)[0]
        for row in zip(history.x, history.t_x, history.T, strict=True)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-300)


@given_any
@quick
def test_a_longer_horizon_is_worth_more_and_none_is_worth_most(name: str, p: Numbers, history: History) -> None:
    model = MODELS[name]
    year, decade, always = (
        discounted_purchases(model, p, history, Horizon(0.1, 52, periods)) for periods in (12, 120, None)
    )
    assert np.all(year <= decade * (1 + 1e-7) + 1e-12)
    # Within a period money is counted at its middle, in an endless horizon at its very time: hence the half percent.
    assert np.all(decade <= always * 1.005 + 1e-9)


@given(parameters, customers(), st.floats(0.01, 0.98))
@quick
def test_the_next_purchase_waits_longer_for_more_certainty(p: Numbers, history: History, u: float) -> None:
    assert np.all(next_purchase_after(p, history, u) <= next_purchase_after(p, history, u + 0.01))


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("edge", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_parameters_at_one_are_no_gap(name: str, edge: float) -> None:
    """a = 1 and s = 1 are poles of the printed formulas, not of the models."""
    history = History.of([0, 3], [0, 20], [30, 40])
    figures = [value(name, (0.5, 4, parameter, 2), history) for parameter in (edge - 2e-4, edge, edge + 2e-4)]
    np.testing.assert_allclose(figures[1], (figures[0] + figures[2]) / 2, rtol=1e-6)


def value(name: str, p: Numbers, history: History) -> Floats:
    return expected_purchases(MODELS[name], p, history, 52)


def test_a_one_time_buyer_of_bg_cannot_have_left_but_of_the_others_can() -> None:
    history = History.of([0], [0], [400])
    alive = {name: p_alive(MODELS[name], (0.5, 4, 0.8, 2), history)[0] for name in MODELS}
    assert alive["BG_NBD"] == 1
    assert max(alive["MBG_NBD"], alive["PARETO_NBD"]) < 0.8
