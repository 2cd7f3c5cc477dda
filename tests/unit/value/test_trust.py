"""Intervals cover what they promise, and the holdout decides between models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from crm.errors import ValidationFailed
from crm.value import betaprime, gammagamma, paretonbd
from crm.value.holdout import HoldoutError, calibration, choose, holdout_error, spend_frequency_correlation
from crm.value.intervals import (
    coverage,
    drawn_interval,
    level_that_holds,
    money,
    parameter_interval,
    purchases_below,
)
from crm.value.models import MODELS
from crm.value.purchases import Counts, expected_purchases
from tests.unit.value import simulate
from tests.unit.value.data import cdnow, cdnow_holdout

PARETO = (0.7, 8.0, 0.8, 20.0)
SPEND = (6.0, 4.0, 15.0)


def expected_year(p: np.ndarray) -> np.ndarray:
    return expected_purchases(MODELS["PARETO_NBD"], p, cdnow().history.sample(100), 52)


def test_delta_and_drawn_parameter_intervals_agree() -> None:
    fit = paretonbd.fit(cdnow().history)
    low, high = parameter_interval(expected_year, fit)
    drawn_low, drawn_high = drawn_interval(expected_year, fit, np.random.default_rng(1), count=400)
    assert np.all((low < expected_year(fit.parameters)) & (expected_year(fit.parameters) < high))
    np.testing.assert_allclose(np.log(high / low), np.log(drawn_high / drawn_low), rtol=0.35)


def test_parameter_intervals_cover_the_truth() -> None:
    truth = paretonbd.expected_new(PARETO, 52.0)
    covered = 0
    for seed in range(20):
        fit = paretonbd.fit(simulate.pareto(PARETO, 1500, np.random.default_rng(seed)))
        low, high = parameter_interval(lambda p: paretonbd.expected_new(p, 52.0), fit)
        covered += int(low[0] <= truth[0] <= high[0])
    assert covered >= 14  # 18 of 20 in the mean; fewer than 14 has a chance of 1 in 400


def simulated_money(x: float, T: float, t: float, z: float, draws: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    bought, _ = simulate.pareto_future(PARETO, x, T, t, draws, rng)
    nu = rng.gamma(SPEND[1] + SPEND[0] * x, 1 / (SPEND[2] + x * z), draws)
    return bought, np.where(bought > 0, rng.gamma(SPEND[0] * np.maximum(bought, 1)) / nu, 0.0)


def ahead(x: float, T: float, t: float) -> Counts:
    """What a customer known to be alive will buy."""
    at, age = np.array([x]), np.array([T])
    chance = paretonbd.purchase_within_if_alive(PARETO, t, at, age)
    mean = paretonbd.purchases_if_alive(PARETO, t, at, age) / chance
    return Counts(chance, mean, paretonbd.square_if_alive(PARETO, t, at, age) / chance - mean**2)


@pytest.mark.parametrize(("x", "T", "t", "z"), [(6.0, 60.0, 104, 30.0), (0.0, 30.0, 52, 0.0), (40.0, 78.0, 39, 12.0)])
def test_predictive_intervals_hold_what_customers_spend(x: float, T: float, t: float, z: float) -> None:
    """Above as promised; below up to 6 points more, for frequent buyers who leave soon are matched by moments."""
    bought, spent = simulated_money(x, T, t, z, 100_000)
    each = money(ahead(x, T, t), gammagamma.spend(SPEND, np.array([x]), np.array([z])))
    for level in (0.8, 0.9):
        low, high = each.limits(level)
        assert np.mean(spent > high) == pytest.approx((1 - level) / 2, abs=0.02)
        assert np.mean(spent < low) <= (1 - level) / 2 + 0.06
    assert each.nothing == pytest.approx(np.mean(bought == 0), abs=0.005)


def test_the_number_of_purchases_is_spread_about_as_simulated() -> None:
    bought, _ = simulated_money(6.0, 60.0, 104, 30.0, 100_000)
    for number in (0, 1, 3, 9, 25):
        less, at_most = purchases_below(ahead(6.0, 60.0, 104), np.array([float(number)]))
        assert at_most[0] == pytest.approx(np.mean(bought <= number), abs=0.05)
        assert less[0] == pytest.approx(np.mean(bought < number), abs=0.05)


def test_the_interval_of_a_customer_who_will_hardly_buy_is_nothing() -> None:
    counts = Counts(np.array([1e-4, 0.0]), np.array([1.0, 1.0]), np.array([0.0, 0.0]))
    low, high = money(counts, gammagamma.known_spend(np.array([20.0, 20.0]), 0.0)).limits(0.9)
    assert (*low, *high) == (0, 0, 0, 0)


def test_a_certain_number_of_a_certain_amount_has_a_narrow_interval() -> None:
    counts = Counts(np.ones(1), np.full(1, 3.0), np.zeros(1))
    low, high = money(counts, gammagamma.known_spend(np.array([20.0]), 0.01)).limits(0.9)
    assert 59 < low[0] < 60 < high[0] < 61


def test_quantiles_off_the_grid_are_within_a_percent_of_the_exact_ones() -> None:
    rng = np.random.default_rng(0)
    shape, tail = np.exp(rng.uniform(-2, 8, 5000)), np.exp(rng.uniform(0.5, 13, 5000))
    share = rng.uniform(0.001, 0.96, 5000)
    exact = betaprime.exact_quantile(shape, tail, share)
    np.testing.assert_allclose(betaprime.cdf(shape, tail, exact), share, rtol=1e-6)
    error = np.abs(betaprime.quantile(shape, tail, share) - exact) / np.maximum(exact, shape / tail)
    assert (np.quantile(error, 0.99), error.max()) < (0.01, 0.03)


def test_one_customer_alone_has_the_quantile_that_it_has_among_many() -> None:
    rng = np.random.default_rng(0)
    shape, tail, share = rng.gamma(2, 3, 500), 3 + rng.gamma(2, 9, 500), rng.uniform(0.01, 0.95, 500)
    many = betaprime.quantile(shape, tail, share)
    alone = [betaprime.quantile(shape[k : k + 1], tail[k : k + 1], share[k : k + 1])[0] for k in range(0, 500, 50)]
    np.testing.assert_array_equal(alone, many[::50])


def test_coverage_of_a_right_model_is_the_level_however_coarse_the_outcome() -> None:
    outcome = np.random.default_rng(1).binomial(1, 0.3, 100_000)
    below = np.where(outcome > 0, 0.7, 0.0), np.where(outcome > 0, 1.0, 0.7)
    for level in (0.2, 0.5, 0.9):
        assert coverage(below, level) == pytest.approx(level, abs=0.005)
    assert level_that_holds(below, 0.9) == pytest.approx(0.9, abs=0.01)


def test_a_model_that_is_too_sure_gets_a_wider_level_and_a_timid_one_keeps_its_own() -> None:
    rng = np.random.default_rng(2)
    for spread, wider in ((1.5, True), (0.5, False)):
        below = ndtr(rng.normal(0, spread, 20_000))
        level = level_that_holds((below, below), 0.9)
        assert (level > 0.95) is wider
        assert coverage((below, below), level) >= 0.899
    assert level == 0.9


def test_an_impossible_level_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="level is 90"):
        money(ahead(6.0, 60.0, 104), gammagamma.known_spend(np.ones(1), 0.5)).limits(90)


def test_calibration_follows_the_actual_purchases_of_cdnow() -> None:
    model, history = MODELS["BG_NBD"], cdnow().history
    expected = expected_purchases(model, model.fit(history).parameters, history, 39)
    table = calibration(history.x, expected, cdnow_holdout())
    assert table.frequency.tolist() == list(range(8))
    assert table.customers.sum() == 2357
    assert np.corrcoef(table.expected, table.actual)[0, 1] > 0.98


def test_holdout_error_and_its_bias() -> None:
    error = holdout_error(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    assert (error.bias, error.mean_absolute) == (-0.25, 1.5)
    assert error.root_mean_square == pytest.approx(2.5**0.5)
    assert holdout_error(np.array([1.0]), np.array([0.0])).bias is None


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ({"PARETO_NBD": (0.2, 1.0), "BG_NBD": (0.0, 1.2)}, "PARETO_NBD"),
        ({"PARETO_NBD": (0.2, 1.0), "BG_NBD": (-0.1, 1.004)}, "BG_NBD"),
        ({"PARETO_NBD": (0.1, 1.0), "BG_NBD": (-0.1, 1.0)}, "PARETO_NBD"),
    ],
)
def test_the_model_with_the_least_holdout_error_is_chosen(errors: dict[str, tuple[float, float]], best: str) -> None:
    made = {name: HoldoutError(0, 0, bias, 0, rms) for name, (bias, rms) in errors.items()}
    assert choose(made) == best


def test_no_model_is_no_choice() -> None:
    with pytest.raises(ValidationFailed, match="No model could be judged"):
        choose({})


def test_correlation_needs_variation() -> None:
    assert spend_frequency_correlation(np.array([1.0, 1, 0]), np.array([5.0, 9, np.nan])) is None
