"""Where a published digit is not ours, 50-digit arithmetic of the printed formula says which one is right."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from mpmath import beta, hyp2f1, mp, mpf

from crm.value import bgbb, bgnbd
from tests.unit.value.data import table

TIMES = ("0.1429", "1", "3", "31.8571", "32", "78")
CDNOW = ("0.2425945", "4.4136019", "0.7929221", "2.4259071")
SHEET = (0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576)
DONORS = ("1.2035223", "0.7497163", "0.6567182", "2.7834423")


def new_customer(t: str, terms: int | None = None) -> mpf:
    """Equation 9 of Fader, Hardie & Lee 2005; with `terms`, its series cut after so many."""
    mp.dps = 50
    r, alpha, a, b, time = (mpf(value) for value in (*CDNOW, t))
    z, c = time / (alpha + time), a + b - 1
    series, term = mpf(0), mpf(1)
    for number in range(terms or 0):
        series += term
        term *= (r + number) * (b + number) / ((c + number) * (number + 1)) * z
    whole = series if terms else hyp2f1(r, b, c, z)
    return c / (a - 1) * (1 - (alpha / (alpha + time)) ** r * whole)


def test_the_sheet_prints_the_sum_of_151_terms() -> None:
    """Hardie's sheet to note 004: its six figures are those of 151 terms; at t = 78 the series is not done."""
    cut = [float(new_customer(t, 151)) for t in TIMES]
    np.testing.assert_allclose(cut, SHEET, atol=5e-5)
    assert float(new_customer("78")) == pytest.approx(1.857958, abs=5e-7)


def test_bg_expectation_of_a_new_customer_equals_the_whole_series() -> None:
    found = bgnbd.expected_new(tuple(map(float, CDNOW)), np.array([float(t) for t in TIMES]))
    np.testing.assert_allclose(found, [float(new_customer(t)) for t in TIMES], rtol=1e-11)
    np.testing.assert_allclose(found[:5], SHEET[:5], atol=5e-5)


def donors(p: tuple[str, ...], x: int, t_x: int, n: int, periods: int) -> mpf:
    """Equation 13 of Fader, Hardie & Shang 2010 by its definition, summed over the periods to come."""
    mp.dps = 50
    alpha, b, gamma, delta = (mpf(value) for value in p)
    stayed = beta(alpha + x, b + n - x) * beta(gamma, delta + n)
    left = [beta(alpha + x, b + t_x - x + i) * beta(gamma + 1, delta + t_x + i) for i in range(n - t_x)]
    ahead = [beta(gamma, delta + n + step) for step in range(1, periods + 1)]
    return beta(alpha + x + 1, b + n - x) * sum(ahead) / (stayed + sum(left))


@pytest.mark.parametrize(("x", "t_x", "vignette"), [(0, 0, 0.1302169), (4, 5, 3.627858)])
def test_donations_of_the_next_ten_years_are_those_of_the_formula_at_the_maximum(
    x: int, t_x: int, vignette: float
) -> None:
    """The BTYD vignette prints figures of where its search stopped: 1 and 11 units of its seventh digit below ours.

    The maximum here is higher, and the vignette's figure lies between those of parameters that print as it prints them.
    """
    exact = donors(DONORS, x, t_x, 6, 10)
    p = tuple(map(float, DONORS))
    found = bgbb.expected(p, np.array([float(x)]), np.array([float(t_x)]), np.array([6.0]), 10)
    assert found[0] == pytest.approx(float(exact), rel=1e-12)
    around = [float(donors(near, x, t_x, 6, 10)) for near in PRINTED_ALIKE]
    assert min(around) < vignette < max(around)
    assert vignette == pytest.approx(float(exact), rel=5e-5)


# All of them print 1.204 .750 .657 2.783, as the vignette does.
PRINTED_ALIKE = list(
    product(("1.2035", "1.2044"), ("0.7496", "0.7504"), ("0.6566", "0.6574"), ("2.7826", "2.7834")),
)


def test_our_maximum_for_the_donations_is_not_below_the_vignettes() -> None:
    rows = table("donations.csv")
    fit = bgbb.fit(rows["frequency"], rows["recency"], rows["periods"], rows["weights"])
    assert fit.log_likelihood >= -33225.58127 - 1e-4
    np.testing.assert_allclose(fit.parameters, [float(value) for value in DONORS], rtol=2e-6)
