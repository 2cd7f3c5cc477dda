"""Intervals cover what they promise, and the holdout decides between models."""

from __future__ import annotations

import numpy as np
import pytest

from crm.errors import ValidationFailed
from crm.value import gammagamma, paretonbd
from crm.value.holdout import HoldoutError, calibration, choose, holdout_error, spend_frequency_correlation
from crm.value.intervals import (
    drawn_interval,
    parameter_interval,
    predictive_interval,
    spend_variance,
)
from crm.value.models import MODELS
from crm.value.purchases import expected_purchases
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


def test_predictive_intervals_cover_what_customers_spend() -> None:
    rng = np.random.default_rng(3)
    x, T, draws = 6.0, 60.0, 100_000
    bought, _ = simulate.pareto_future(PARETO, x, T, 104, draws, rng)
    nu = rng.gamma(SPEND[1] + SPEND[0] * x, 1 / (SPEND[2] + x * 30.0), draws)
    money = np.where(bought > 0, rng.gamma(SPEND[0] * np.maximum(bought, 1)) / nu, 0.0)
    low, high = one_customer_interval(x, T, 104, 30.0)
    assert np.mean(money > high) == pytest.approx(0.05, abs=0.01)
    # Nothing at all is the lowest twentieth and more, so the lower limit is nothing.
    assert np.mean(bought == 0) > 0.05
    assert low == 0


def one_customer_interval(x: float, T: float, t: float, z: float) -> tuple[float, float]:
    at, age, spend = np.array([x]), np.array([T]), np.array([z])
    bought, squares = (
        paretonbd.purchases_if_alive(PARETO, t, at, age),
        paretonbd.square_if_alive(PARETO, t, at, age),
    )
    each = gammagamma.expected_spend(SPEND, at, spend)
    variance = spend_variance(bought, squares, each, *gammagamma.spend_squares(SPEND, at, spend))
    chance = paretonbd.purchase_within_if_alive(PARETO, t, at, age)
    low, high = predictive_interval(bought * each, variance, chance)
    return float(low[0]), float(high[0])


def test_predictive_interval_at_its_edges() -> None:
    mean, variance = np.array([5.0, 0.0, 1e-6, 5.0, 2.0]), np.array([0.0, 0.0, 1.0, np.inf, 3.0])
    low, high = predictive_interval(mean, variance, np.array([1.0, 0.0, 0.01, 1.0, 0.04]))
    np.testing.assert_allclose(low, [5, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(high, [5, 0, 0, np.inf, 0])


def test_an_impossible_level_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="level is 90"):
        predictive_interval(np.ones(1), np.ones(1), np.ones(1), 90)


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
