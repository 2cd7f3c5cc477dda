"""What the papers print of CDNOW beyond parameters: how well it was foretold, and what the cohort was worth."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import discount, gammagamma, paretonbd
from crm.value.arrays import Floats
from crm.value.models import MODELS
from crm.value.purchases import expected_purchases
from tests.unit.value.data import cdnow, cdnow_holdout, cdnow_whole

# Full precision of the fits to all 78 weeks; Fader, Hardie & Lee 2005, RFM and CLV, value the cohort with them.
PARETO_78 = (0.5630036, 12.559169, 0.4081072, 10.514541)
SPEND_78 = (4.68345, 4.18978, 24.39055)
WEEKLY = discount.continuous_rate(0.15, 52)

BOTH = pytest.mark.parametrize(
    ("name", "zero_class", "correlation", "forecast_short"),
    [("BG_NBD", 0.225, 0.626, 0.04), ("PARETO_NBD", 0.138, 0.630, 0.02)],
)


def foretold(name: str) -> Floats:
    history = cdnow().history
    return expected_purchases(MODELS[name], MODELS[name].fit(history).parameters, history, 39)


@BOTH
def test_the_holdout_is_foretold_as_well_as_printed(
    name: str, zero_class: float, correlation: float, forecast_short: float
) -> None:
    """Fader, Hardie & Lee 2005, section 7: of 1,411 without a repeat .23 and .14 purchases each (334 happened)."""
    expected, actual, none = foretold(name), cdnow_holdout(), cdnow().history.x == 0
    assert actual[none].sum() == 334
    assert expected[none].mean() == pytest.approx(zero_class, abs=5e-4)
    assert np.corrcoef(expected, actual)[0, 1] == pytest.approx(correlation, abs=5e-4)
    history, model = cdnow().history, MODELS[name]
    tracked = model.expected_new(model.fit(history).parameters, history.T + 39).sum()
    assert 1 - tracked / (2457 + 1882) == pytest.approx(forecast_short, abs=5e-3)


def test_both_models_foretell_nearly_the_same_of_each_customer() -> None:
    """Fader, Hardie & Lee 2005, table 3: the correlation of their forecasts is .996."""
    assert np.corrcoef(foretold("BG_NBD"), foretold("PARETO_NBD"))[0, 1] == pytest.approx(0.996, abs=5e-4)


def test_spend_of_repeat_buyers_is_spread_as_printed() -> None:
    """Fader, Hardie & Lee 2005, RFM and CLV: mean $35, standard deviation $30, from $3 to $300, median $27."""
    spend = cdnow().spend[cdnow().history.x > 0]
    found = (spend.mean(), spend.std(ddof=1), spend.min(), np.floor(np.median(spend)), spend.max())
    np.testing.assert_allclose(found, (35, 30, 3, 27, 300), atol=0.5)


def test_parameters_of_78_weeks_describe_the_first_39_nearly_as_well() -> None:
    """RFM and CLV: -9608 against -9595; of spend -4661 against -4659, counted per total spent."""
    seen, again = cdnow(), cdnow().history.x > 0
    history, x, z = seen.history, seen.history.x[again], seen.spend[again]
    assert paretonbd.log_likelihood(PARETO_78, history.x, history.t_x, history.T).sum() == pytest.approx(-9608, abs=0.5)
    per_total = np.log(x).sum()  # the density of a total is that of its mean over x
    assert gammagamma.log_likelihood(SPEND_78, x, z).sum() - per_total == pytest.approx(-4661, abs=0.5)
    assert gammagamma.log_likelihood((6.25, 3.74, 15.44), x, z).sum() - per_total == pytest.approx(-4659, abs=0.5)


def cohort() -> tuple[Floats, Floats, Floats]:
    """The value of each of the 23,570 at 15 % a year and 30 % margin; how often they came back, and what they spent."""
    seen = cdnow_whole()
    history, spend = seen.history, np.nan_to_num(seen.spend)
    alive = paretonbd.p_alive(PARETO_78, history.x, history.t_x, history.T)
    purchases = alive * paretonbd.residual_if_alive(PARETO_78, WEEKLY, history.x, history.T)
    return 0.3 * purchases * gammagamma.expected_spend(SPEND_78, history.x, spend), history.x, spend


def test_customers_who_never_came_back_are_worth_something_together() -> None:
    """RFM and CLV, table 2: 12,054 customers of about $4.40, $53,000 together, nearly 5 % of all."""
    value, x, _ = cohort()
    none = x == 0
    assert none.sum() == 12054
    assert value[none].mean() == pytest.approx(4.40, abs=5e-3)
    assert value[none].sum() == pytest.approx(53_000, abs=500)
    assert value[none].sum() / value.sum() == pytest.approx(0.047, abs=2e-3)


def test_the_cohort_is_worth_what_the_paper_says() -> None:
    """RFM and CLV: $47 each, just over $1.1 million, of 23,560; so many did not spend more than $4,000 coming back."""
    value, x, spend = cohort()
    valued = value[x * spend <= 4000]
    assert len(valued) == 23_560
    assert valued.mean() == pytest.approx(47, abs=0.5)
    assert valued.sum() == pytest.approx(1_100_000, abs=1_000)


@pytest.mark.parametrize(("x", "t_x", "printed"), [(7, 35, 2), (1, 30, 2)])
def test_more_purchases_can_mean_less_to_come(x: int, t_x: int, printed: int) -> None:
    """RFM and CLV, section 4: seven purchases up to week 35 are worth no more than one in week 30: about 2 to come."""
    row = np.array([float(x)]), np.array([float(t_x)]), np.array([77.86])
    value = paretonbd.p_alive(PARETO_78, *row) * paretonbd.residual_if_alive(PARETO_78, 0.0027, row[0], row[2])
    assert value[0] == pytest.approx(printed, abs=0.25)


def test_clvtools_prints_the_same_of_a_customer_without_a_repeat() -> None:
    """CLVTools 0.5, walkthrough: alive .4007203, 1.031419 purchases in 301 weeks, .04136415 at .1 a week."""
    p = (0.7051437, 14.4026736, 0.1824524, 2.9016049)
    x, t_x, T = np.zeros(1), np.zeros(1), np.full(1, 52.0)
    alive = paretonbd.p_alive(p, x, t_x, T)
    found = (
        alive,
        alive * paretonbd.purchases_if_alive(p, 301, x, T),
        alive * paretonbd.residual_if_alive(p, 0.1, x, T),
    )
    np.testing.assert_allclose(np.concatenate(found), (0.4007203, 1.031419, 0.04136415), rtol=1e-6)
