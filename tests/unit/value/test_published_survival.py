"""Kaplan-Meier curves equal those that are published for the same data."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value.survival import Curve, kaplan_meier

# Days that fruit flies lived, and how many were (seen to die, not seen to die): `waltons` of lifelines, 163 rows.
FLIES = {
    6: (1, 0), 7: (1, 1), 9: (3, 0), 13: (3, 0), 15: (2, 0), 17: (1, 0), 19: (3, 0), 22: (4, 0), 26: (5, 0), 29:
    (5, 0), 32: (1, 0), 33: (3, 0), 36: (2, 0), 38: (2, 0), 41: (7, 0), 43: (1, 0), 45: (9, 1), 47: (1, 0), 48:
    (8, 0), 51: (3, 0), 53: (7, 0), 54: (2, 0), 56: (18, 0), 58: (4, 0), 60: (15, 1), 61: (9, 2), 62: (2, 0),
    63: (9, 0), 66: (3, 0), 68: (9, 1), 69: (12, 1), 75: (1, 0),
}  # fmt: skip
# Customers of a telephone company by months of tenure 0 to 72: `wa_churn` of modeldata, 7,043 rows, 1,869 churned.
CHURNED = (
    0, 380, 123, 94, 83, 64, 40, 51, 42, 46, 45, 31, 38, 38, 24, 37, 28, 26, 24, 19, 18, 17, 27, 13, 23, 23, 15,
    13, 12, 15, 16, 16, 19, 14, 12, 15, 10, 15, 13, 14, 13, 14, 14, 15, 6, 6, 12, 14, 9, 15, 10, 8, 8, 14, 13,
    9, 10, 8, 11, 8, 6, 8, 5, 4, 4, 9, 13, 10, 9, 8, 11, 6, 6,
)  # fmt: skip
STAYED = (
    11, 233, 115, 106, 93, 69, 70, 80, 81, 73, 71, 68, 79, 71, 52, 62, 52, 61, 73, 54, 53, 46, 63, 72, 71, 56,
    64, 59, 45, 57, 56, 49, 50, 50, 53, 73, 40, 50, 46, 42, 51, 56, 51, 50, 45, 55, 62, 54, 55, 51, 58, 60, 72,
    56, 55, 55, 70, 57, 56, 52, 70, 68, 65, 68, 76, 67, 76, 88, 91, 87, 108, 164, 356,
)  # fmt: skip


def curve_of(ended: list[int], open_: list[int], times: list[int]) -> Curve:
    durations = np.array([*times, *times], dtype=float)
    weights = np.array([*ended, *open_], dtype=float)
    return kaplan_meier(durations, np.repeat([True, False], len(times)), weights)


def test_flies_live_as_lifelines_says() -> None:
    """lifelines 0.30 on its data set waltons: median 56, S(50) = .616817."""
    ended, open_ = zip(*FLIES.values(), strict=True)
    curve = curve_of(list(ended), list(open_), list(FLIES))
    assert sum(ended) + sum(open_) == 163
    assert curve.median == 56
    assert curve.at(50) == pytest.approx(0.616817, abs=5e-7)


def test_telephone_customers_stay_as_lifelines_says() -> None:
    """lifelines on the same counts: S(12) = .8432, S(24) = .7887, S(72) = .5928."""
    assert (sum(CHURNED) + sum(STAYED), sum(CHURNED)) == (7043, 1869)
    curve = curve_of(list(CHURNED), list(STAYED), list(range(73)))
    np.testing.assert_allclose(curve.at([12, 24, 72]), (0.8432, 0.7887, 0.5928), atol=5e-5)


# Weeks in remission of the 21 children with the placebo, all of which ended; Freireich and others 1963.
PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


def test_remission_under_the_placebo_is_that_of_the_textbook() -> None:
    """Kleinbaum & Klein, Survival Analysis, table of the placebo group: median 8 weeks."""
    curve = kaplan_meier(PLACEBO, [True] * 21)
    printed = (0.9048, 0.8095, 0.7619, 0.6667, 0.5714, 0.3810, 0.2857, 0.1905, 0.1429, 0.0952, 0.0476, 0)
    assert curve.times.tolist() == [1, 2, 3, 4, 5, 8, 11, 12, 15, 17, 22, 23]
    np.testing.assert_allclose(curve.survival, printed, atol=6e-5)
    assert curve.median == 8


@pytest.mark.parametrize(
    ("weeks", "survival", "errors"),
    [
        pytest.param(
            ((9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0), (48, 1), (161, 0)),
            (0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184),
            (0.0867, 0.1163, 0.1397, 0.1526, 0.1642, 0.1627, 0.1535),
            id="maintained",
        ),
        pytest.param(
            ((5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1), (33, 1), (43, 1), (45, 1)),
            (0.8333, 0.6667, 0.5833, 0.4861, 0.3889, 0.2917, 0.1944, 0.0972, 0),
            (0.1076, 0.1361, 0.1423, 0.1481, 0.1470, 0.1387, 0.1219, 0.0919, 0),
            id="not maintained",
        ),
    ],
)
def test_leukemia_is_survived_as_r_prints(
    weeks: tuple[tuple[int, int], ...], survival: tuple[float, ...], errors: tuple[float, ...]
) -> None:
    """Miller 1981, data set aml of R's survival: summary(survfit(Surv(time, status) ~ x, aml))."""
    curve = kaplan_meier(*zip(*weeks, strict=True))
    np.testing.assert_allclose(curve.survival, survival, atol=6e-4)
    np.testing.assert_allclose(curve.standard_errors, errors, atol=6e-5)


def test_a_curve_that_ends_with_a_death_falls_to_nothing() -> None:
    """Bewick, Cheek & Ball 2004, Critical Care 8:389, table 2: .750 .625 .500 .333 .000."""
    curve = kaplan_meier([1, 1, 4, 5, 6, 9, 9, 22], [1, 1, 1, 1, 0, 1, 0, 1])
    np.testing.assert_allclose(curve.survival, (0.75, 0.625, 0.5, 1 / 3, 0), atol=1e-12)
