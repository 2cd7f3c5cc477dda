"""What cannot be modelled is refused with a reason, never with a number."""

from __future__ import annotations

import numpy as np
import pytest

from crm.errors import CrmError, ValidationFailed
from crm.value import bgbb, gammagamma, models, sbg
from crm.value.discount import Horizon, continuous_rate
from crm.value.errors import FitRejected, InsufficientData
from crm.value.history import History


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([-1], [0], [1]), r"x\[0\] is -1: count purchase days"),
        (([0.5], [0], [1]), r"x\[0\] is 0.5: count purchase days"),
        (([0, 1], [0, 9], [1, 8]), r"T\[1\] is 8: observation cannot end before"),
        (([1], [-2], [8]), r"t_x\[0\] is -2: the last purchase"),
        (([0], [3], [8]), r"t_x\[0\] is 3: without a repeat purchase"),
        (([1], [0], [8]), r"t_x\[0\] is 0: with a repeat purchase"),
        (([1], [np.nan], [8]), r"t_x\[0\] is nan: give a finite number"),
        (([1, 2], [1], [8]), r"differ in length"),
    ],
)
def test_an_impossible_history_is_refused(columns: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        History.of(*columns)


def test_an_unknown_model_lists_the_known() -> None:
    with pytest.raises(ValidationFailed, match="use one of PARETO_NBD, MBG_NBD, BG_NBD"):
        models.model("LSTM")


@pytest.mark.parametrize("name", list(models.MODELS))
def test_too_few_repeat_buyers(name: str) -> None:
    with pytest.raises(InsufficientData) as refusal:
        models.fit(name, History.of([0] * 50 + [1], [0] * 50 + [2], [30] * 51), need_repeaters=200)
    assert (refusal.value.have, refusal.value.need) == (1, 200)


@pytest.mark.parametrize("name", list(models.MODELS))
def test_a_million_equal_customers_determine_no_mixture(name: str) -> None:
    size = 1_000_000
    with pytest.raises(FitRejected, match="do not determine|no maximum"):
        models.fit(name, History.of(np.full(size, 3), np.full(size, 20.0), np.full(size, 30.0)))


@pytest.mark.parametrize("name", list(models.MODELS))
def test_all_observed_for_no_time_is_refused_or_fitted_without_a_warning(name: str) -> None:
    with pytest.raises(CrmError):
        models.fit(name, History.of([0] * 100, [0] * 100, [0] * 100), need_repeaters=0)


def test_constant_spend_needs_no_model() -> None:
    with pytest.raises(FitRejected, match="All customers spend the same"):
        gammagamma.fit(np.arange(1.0, 9), np.full(8, 25.0))


@pytest.mark.parametrize("z", [0.0, -5.0])
def test_spend_must_be_above_zero(z: float) -> None:
    with pytest.raises(ValidationFailed, match=r"z\[1\] is .*: it must be above zero"):
        gammagamma.fit([1, 2], [10.0, z])


def test_one_repeat_buyer_has_no_spend_distribution() -> None:
    with pytest.raises(InsufficientData):
        gammagamma.fit([3], [10.0])


def test_spend_without_a_finite_mean_is_refused() -> None:
    with pytest.raises(FitRejected, match="no finite expectation"):
        gammagamma.expected_spend((6, 0.9, 15), np.array([0.0]), np.array([np.nan]))


@pytest.mark.parametrize(
    ("survivors", "error"),
    [([100, 80], InsufficientData), ([100, 100, 100], InsufficientData), ([100, 80, 90], ValidationFailed)],
)
def test_a_cohort_must_be_long_enough_and_shrink(survivors: list[float], error: type[CrmError]) -> None:
    with pytest.raises(error):
        sbg.fit(survivors)


def test_more_transactions_than_periods_are_refused() -> None:
    with pytest.raises(ValidationFailed, match=r"t_x\[0\] is 7"):
        bgbb.fit(np.array([1.0]), np.array([7.0]), np.array([6.0]))


def test_endless_value_needs_a_rate() -> None:
    with pytest.raises(ValidationFailed, match="needs a rate above 0"):
        continuous_rate(0, 52)


@pytest.mark.parametrize(("rate", "periods"), [(-0.1, 12), (0.1, 0), (0.1, 100_000), (float("nan"), 12)])
def test_a_senseless_horizon_is_refused(rate: float, periods: int) -> None:
    with pytest.raises(ValidationFailed):
        Horizon(rate, 52, periods)
