"""Expectations and probabilities equal the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import bgbb, bgnbd, gammagamma, mbgnbd, paretonbd
from crm.value.holdout import spend_frequency_correlation
from crm.value.models import MODELS, PurchaseModel
from crm.value.purchases import expected_purchases
from tests.unit.value.data import CDNOW_BG, CDNOW_PARETO, cdnow, cdnow_holdout, table

NOTE_004 = (0.243, 4.414, 0.793, 2.426)
NOTE_025 = (6.25, 3.74, 15.44)
DONORS = (1.2035223, 0.7497163, 0.6567182, 2.7834423)
NEXT_YEAR = 52.0
CUSTOMER_1516 = (np.array([26.0]), np.array([30.857142857]), np.array([31.0]))


def conditional(model: PurchaseModel, p: tuple[float, ...], t: float, x: float, t_x: float, T: float) -> float:
    row = np.array([x]), np.array([t_x]), np.array([T])
    return float((model.p_alive(p, *row) * model.purchases_if_alive(p, t, row[0], row[2]))[0])


def test_bg_conditional_expectation() -> None:
    """Fader & Hardie, Excel note 004 (prints 1.2) and lifetimes' tests: 1.226."""
    assert conditional(bgnbd, NOTE_004, 39, 2, 30.43, 38.86) == pytest.approx(1.2260282, abs=5e-8)


@pytest.mark.parametrize(
    ("model", "p", "expected", "tolerance"),
    [
        pytest.param(bgnbd, CDNOW_BG, 1.444004, 2e-5, id="BG/NBD BTYD vignette"),
        pytest.param(paretonbd, CDNOW_PARETO, 1.473434, 2e-5, id="Pareto/NBD BTYD vignette"),
    ],
)
def test_expectation_of_a_new_customers_first_year(
    model: PurchaseModel, p: tuple[float, ...], expected: float, tolerance: float
) -> None:
    assert model.expected_new(p, NEXT_YEAR)[0] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    ("model", "p", "purchases", "alive"),
    [
        # BTYD vignette prints 25.75659 and 25.45647 at its own, slightly worse maximum
        pytest.param(bgnbd, CDNOW_BG, 25.75734, 0.9688523, id="BG/NBD BTYD vignette"),
        pytest.param(paretonbd, CDNOW_PARETO, 25.45518, 0.997874, id="Pareto/NBD BTYD vignette"),
    ],
)
def test_customer_1516(model: PurchaseModel, p: tuple[float, ...], purchases: float, alive: float) -> None:
    x, t_x, T = CUSTOMER_1516
    assert model.p_alive(p, x, t_x, T)[0] == pytest.approx(alive, abs=3e-6)
    assert conditional(model, p, NEXT_YEAR, 26, float(t_x[0]), 31) == pytest.approx(purchases, abs=2e-4)


@pytest.mark.parametrize(("name", "total"), [("BG_NBD", 1653.4), ("PARETO_NBD", 1665.5)])
def test_holdout_total(name: str, total: float) -> None:
    """CDNOW weeks 40 to 78: 1,882 purchases happened."""
    model, history = MODELS[name], cdnow().history
    expected = expected_purchases(model, model.fit(history).parameters, history, 39)
    assert expected.sum() == pytest.approx(total, abs=0.06)
    assert cdnow_holdout().sum() == 1882


@pytest.mark.parametrize(
    ("model", "one_time", "loyal"),
    [
        pytest.param(bgnbd, -0.5994738, 100.7956931, id="BG/NBD"),
        pytest.param(mbgnbd, -0.4179283, 100.7869, id="MBG/NBD pymc-marketing tests"),
    ],
)
def test_log_likelihood_of_one_customer(model: PurchaseModel, one_time: float, loyal: float) -> None:
    x, t_x, T = np.array([0.0, 200.0]), np.array([0.0, 38.0]), np.array([40.0, 40.0])
    value = model.log_likelihood((0.25, 4.0, 0.8, 2.5), x, t_x, T)
    np.testing.assert_allclose(value, (one_time, loyal), rtol=5e-7)


def test_pareto_alive_where_naive_code_gives_nan() -> None:
    """Inputs of CLVTools' tests."""
    x, t_x = np.array([221.0, 254, 161, 204]), np.array([103.42857, 97.14286, 94.71429, 98.57143])
    T = np.array([103.57143, 97.28571, 98, 99.42857])
    alive = paretonbd.p_alive((0.5143, 2.8845, 0.2856, 14.1087), x, t_x, T)
    np.testing.assert_allclose(alive, (0.99959605, 0.99955823, 0.74948775, 0.99425508), atol=1e-8)


def test_gamma_gamma_spend_of_the_first_ten_customers() -> None:
    """Hardie's sheet by lifetimes' tests, which cut after two digits; rounded parameters give one-time buyers 35.22."""
    rows = table("cdnow_customers_summary_with_transactions.csv")
    x, z = rows["x"][:10], rows["zbar"][:10]
    expected = np.array((24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17))
    full = (6.24957, 3.74422, 15.44352)
    cut = np.floor(gammagamma.expected_spend(full, x, z) * 100) / 100
    np.testing.assert_allclose(cut, expected, atol=1e-9)
    assert gammagamma.expected_spend(NOTE_025, x, z)[x == 0] == pytest.approx(35.22, abs=5e-3)


def test_gamma_gamma_population_mean_at_full_precision() -> None:
    """Hardie's sheet: 35.17."""
    assert gammagamma.population_mean((6.24957, 3.74422, 15.44352)) == pytest.approx(35.17, abs=5e-3)


def test_spend_hardly_goes_with_frequency() -> None:
    """Fader, Hardie & Lee 2005, RFM and CLV: .11 for 946 repeat buyers, .06 without one outlier."""
    x, spend = cdnow().history.x, cdnow().spend
    assert spend_frequency_correlation(x, spend) == pytest.approx(0.11, abs=5e-3)
    kept = np.arange(len(x)) != np.argmax(np.nan_to_num(spend) * (x > 0))
    assert spend_frequency_correlation(x[kept], spend[kept]) == pytest.approx(0.06, abs=5e-3)


def test_bgbb_expectation_of_a_new_donor() -> None:
    """Hardie's sheet to note 010 by pymc-marketing's tests."""
    sheet = (0.4985, 0.9233, 1.2969, 1.6323, 1.9381, 2.2202, 2.4826, 2.7285, 2.9603, 3.1798, 3.3887)
    np.testing.assert_allclose(bgbb.expected_new(DONORS, 11), sheet, atol=5.1e-5)


def test_bgbb_next_five_years_of_all_donors() -> None:
    """lifetimes' tests: 12884.2."""
    rows = table("donations.csv")
    expected = bgbb.expected(DONORS, rows["frequency"], rows["recency"], rows["periods"], 5)
    assert expected @ rows["weights"] == pytest.approx(12884.2, abs=0.1)


def test_bgbb_alive_in_2002() -> None:
    """Fader, Hardie & Shang 2010, table 6 by lifetimes' tests: .11 .59 .93."""
    x, t_x = np.array([0.0, 2, 6]), np.array([0.0, 4, 6])
    alive = bgbb.p_alive(DONORS, x, t_x, np.full(3, 6.0))
    np.testing.assert_allclose(alive, (0.10813, 0.58966, 0.93043), atol=6e-6)
