"""Analytic gradients equal differences of the likelihood, and lead to the same optimum from the data's own units."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import betageometric, bgnbd, gammagamma, paretonbd
from crm.value.arrays import Floats
from crm.value.history import History
from crm.value.optimise import Objective, differenced
from tests.unit.value import simulate
from tests.unit.value.data import cdnow

HISTORY = simulate.pareto((0.7, 8, 0.8, 20), 300, np.random.default_rng(1))
COLUMNS = HISTORY.x, HISTORY.t_x, HISTORY.T, np.ones(300)
X = np.arange(1.0, 31)
Z = simulate.spend((6, 4, 15), X, np.random.default_rng(2))


@pytest.mark.parametrize(
    ("objective", "p"),
    [
        (betageometric.objective(*COLUMNS, 0), (0.3, 4, 0.8, 2.4)),
        (betageometric.objective(*COLUMNS, 1), (3, 40, 0.08, 0.4)),
        (paretonbd.objective(*COLUMNS), (0.5, 10, 0.6, 11)),
        (paretonbd.objective(*COLUMNS), (2, 1, 3, 0.5)),
        (gammagamma.objective(X, Z), (6, 4, 15)),
    ],
)
def test_gradient(objective: Objective, p: tuple[float, ...]) -> None:
    at = np.array(p)
    slopes = differenced(lambda q: objective(q)[0])(at)[1]
    np.testing.assert_allclose(objective(at)[1], slopes, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("objective", [betageometric.objective(*COLUMNS, 0), paretonbd.objective(*COLUMNS)])
def test_the_summed_likelihood_is_the_sum(objective: Objective) -> None:
    p = np.array((0.5, 10, 0.6, 11))
    model = bgnbd if objective.__module__ == betageometric.__name__ else paretonbd
    total: Floats = model.log_likelihood(p, *COLUMNS[:3]).sum()
    assert objective(p)[0] == pytest.approx(float(total), rel=1e-9)


def test_days_and_weeks_give_the_same_model() -> None:
    weeks = cdnow().history
    days = History.of(weeks.x, weeks.t_x * 7, weeks.T * 7)
    by_week, by_day = paretonbd.fit(weeks), paretonbd.fit(days)
    np.testing.assert_allclose(by_day.parameters, by_week.parameters * (1, 7, 1, 7), rtol=1e-6)
    np.testing.assert_allclose(by_day.standard_errors, by_week.standard_errors * (1, 7, 1, 7), rtol=1e-4)
