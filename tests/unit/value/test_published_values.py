"""Values in money, Markov values and survival curves equal the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import discount, markov, paretonbd, sbg
from crm.value.survival import kaplan_meier

# Pfeifer & Carraway 2000: buying probabilities .3 .2 .15 .05 by recency, contribution 40, mailing 4, rate 20%.
MAILING = markov.chain(np.array([0.3, 0.2, 0.15, 0.05]))
REWARD = np.array([36.0, -4, -4, -4, 0])

# Freireich and others 1963, weeks in remission under 6-MP; Kaplan-Meier table of Kleinbaum & Klein, Survival Analysis.
REMISSION = (6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
RELAPSED = (1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)


def test_discounted_transactions_of_a_new_customer() -> None:
    """Fader & Hardie, chapter in the handbook of customer equity 2015: 4.8 at 10% a year."""
    delta = discount.continuous_rate(0.10, 52)
    assert paretonbd.residual_new((0.553, 10.578, 0.606, 11.669), delta) == pytest.approx(4.8145, abs=5e-5)


def test_residual_value_of_a_contract_at_constant_retention() -> None:
    """Same chapter: 343 for m = 100, d = 10%, r = .833, at the end of the period and before its renewal."""
    value = discount.value_after_payment(100, 0.833, 0.10) * 1.1
    assert value == pytest.approx(343.18, abs=5e-3)


def test_residual_value_of_a_contract_with_mixed_retention() -> None:
    """Same chapter: 288, 394, 568 at the end of periods 1, 2 and 5."""
    value = sbg.residual_value((0.764, 1.296), 100, 0.10, np.array([1, 2, 5]))
    np.testing.assert_allclose(value, (288.2, 393.9, 568.2), atol=0.06)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (discount.value_at_acquisition, 411.985),
        (discount.value_after_payment, 311.985),
        (discount.value_at_period_end, 374.532),
    ],
)
def test_constant_retention_formulas(formula: object, value: float) -> None:
    """Fader & Hardie, note 024, at m = 100, r = .833, d = .10."""
    assert formula(100, 0.833, 0.10) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "value"),
    [
        pytest.param(4, (50.115, 4.220, 0.592, -1.980, 0), id="five terms"),
        pytest.param(None, (52.320, 5.554, 1.251, -1.820, 0), id="without end"),
    ],
)
def test_markov_value(periods: int | None, value: tuple[float, ...]) -> None:
    """Pfeifer & Carraway 2000."""
    np.testing.assert_allclose(markov.value(MAILING, REWARD, 0.2, periods), value, atol=6e-4)


@pytest.mark.parametrize(("annual", "monthly"), [(0.10, 0.00797414), (0.15, 0.01171492)])
def test_monthly_rate_compounds_to_the_yearly(annual: float, monthly: float) -> None:
    assert discount.period_rate(annual, 12) == pytest.approx(monthly, abs=5e-9)


def test_kaplan_meier_of_remission_times() -> None:
    """Freireich and others 1963; survival of Kleinbaum & Klein's table, Greenwood's errors of the same data in R."""
    curve = kaplan_meier(REMISSION, np.array(RELAPSED, dtype=bool))
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    survival = (0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482)
    errors = (0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346)
    np.testing.assert_allclose(curve.survival, survival, atol=6e-5)
    np.testing.assert_allclose(curve.standard_errors, errors, atol=6e-5)
    assert curve.median == 23
