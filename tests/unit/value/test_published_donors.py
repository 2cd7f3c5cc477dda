"""BG/BB of the donors of 1995: every cell of the published tables (Fader, Hardie & Shang 2010)."""

from __future__ import annotations

import numpy as np

from crm.value import bgbb
from crm.value.arrays import Floats

ROUNDED = (1.204, 0.750, 0.657, 2.783)
FULL = (1.2035223, 0.7497163, 0.6567182, 2.7834423)

# By gifts 0 to 6 in six years, and the year of the last of them.
HISTORIES = [(0, 0)] + [(x, last) for x in range(1, 7) for last in range(x, 7)]
ALIVE = (
    0.11,
    0.07, 0.25, 0.48, 0.68, 0.83, 0.93,
    0.07, 0.30, 0.59, 0.80, 0.93,
    0.10, 0.44, 0.77, 0.93,
    0.20, 0.70, 0.93,
    0.52, 0.93,
    0.93,
)  # fmt: skip
NEXT_FIVE_YEARS = (
    0.07,
    0.09, 0.31, 0.59, 0.84, 1.02, 1.15,
    0.12, 0.54, 1.06, 1.44, 1.67,
    0.22, 1.03, 1.80, 2.19,
    0.58, 2.03, 2.71,
    1.81, 3.23,
    3.75,
)  # fmt: skip
# Hardie's sheet to note 010, at the rounded parameters, by pymc-marketing's tests.
LOG_LIKELIHOOD = {
    (6, 6): -2.18167018824, (5, 6): -4.29485034929, (4, 6): -5.38473334360, (3, 6): -5.80915881601,
    (2, 6): -5.65172964525, (1, 6): -4.88370164695, (5, 5): -3.71682127437, (4, 5): -5.09558227343,
    (3, 5): -5.61576884108, (2, 5): -5.50636893346, (1, 5): -4.76723821904, (4, 4): -3.84829625138,
    (3, 4): -5.05936147828, (2, 4): -5.19562191019, (1, 4): -4.57070931973, (3, 3): -3.52745257839,
    (2, 3): -4.51620272962, (1, 3): -4.22465969453, (2, 2): -3.01199924784, (1, 2): -3.58817880928,
    (1, 1): -2.28882847451, (0, 0): -1.16751622367,
}  # fmt: skip


def columns(histories: list[tuple[int, int]]) -> tuple[Floats, Floats, Floats]:
    x, last = np.array(histories, dtype=float).T
    return x, last, np.full(len(x), 6.0)


def test_alive_in_the_seventh_year() -> None:
    """P(alive in 2002) by number and recency of gifts."""
    np.testing.assert_allclose(bgbb.p_alive(FULL, *columns(HISTORIES)), ALIVE, atol=5.1e-3)


def test_gifts_of_the_next_five_years() -> None:
    """Expected gifts of 2002 to 2006 by number and recency of gifts."""
    np.testing.assert_allclose(bgbb.expected(FULL, *columns(HISTORIES), 5), NEXT_FIVE_YEARS, atol=5.1e-3)


def test_likelihood_of_each_history() -> None:
    """The sheet holds the parameters of the maximum, which it shows with three decimals."""
    found = bgbb.log_likelihood(FULL, *columns(list(LOG_LIKELIHOOD)))
    np.testing.assert_allclose(found, list(LOG_LIKELIHOOD.values()), atol=4e-6)
    rounded = bgbb.log_likelihood(ROUNDED, *columns(list(LOG_LIKELIHOOD)))
    np.testing.assert_allclose(rounded, list(LOG_LIKELIHOOD.values()), rtol=1e-3)


def test_discounted_gifts_are_the_sum_of_those_of_each_year() -> None:
    """Equation 14 against equation 13 taken year by year; at 25 % the hundredth year counts 2e-10."""
    rows = columns(HISTORIES)
    until = np.array([bgbb.expected(FULL, *rows, years) for years in range(101)])
    summed = (np.diff(until, axis=0) / 1.25 ** np.arange(1, 101)[:, None]).sum(axis=0)
    np.testing.assert_allclose(bgbb.discounted(FULL, *rows, 0.25), summed, rtol=1e-8)
