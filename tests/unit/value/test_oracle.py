"""The stable forms equal the textbook forms in 50-digit arithmetic, also where those break down in floats."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crm.value import bgbb, bgnbd, gammagamma, mbgnbd, paretonbd, sbg
from crm.value.arrays import Floats
from crm.value.models import PurchaseModel
from tests.unit.value import oracle

# (x, t_x, T): nobody's second day, long silence, up to 5,000 purchases, with and without silence.
ROWS = (
    (0, 0, 1 / 7),
    (0, 0, 520),
    (1, 1 / 7, 40),
    (2, 30.43, 38.86),
    (26, 30.857, 31),
    (200, 38, 40),
    (1000, 400, 520),
    (1000, 520, 520),
    (5000, 260, 520),
    (3, 1, 520),
)
BETA_GEOMETRIC = (
    (0.2426, 4.4136, 0.7929, 2.4259),
    (0.01, 0.5, 0.05, 0.1),
    (5, 50, 3, 10),
    (0.25, 4, 1 + 1e-9, 2.5),
    (50, 0.01, 0.5, 0.01),
    (1, 100, 20, 0.3),
)
PARETO = (
    (0.553, 10.578, 0.606, 11.669),
    (5, 0.1, 2, 50),
    (0.05, 100, 0.02, 0.5),
    (2, 3, 1 + 1e-9, 3),
    (20, 500, 10, 0.01),
    (0.01, 0.01, 8, 1000),
)
TIMES = (1 / 7, 52, 520)
FAMILY = pytest.mark.parametrize(("model", "shift"), [(bgnbd, 0), (mbgnbd, 1)], ids=["BG/NBD", "MBG/NBD"])


def columns() -> tuple[Floats, Floats, Floats]:
    x, t_x, T = np.array(ROWS, dtype=float).T
    return x, t_x, T


def exact(values: list[object]) -> NDArray[np.float64]:
    return np.array([float(value) for value in values])  # type: ignore[arg-type]


@FAMILY
@pytest.mark.parametrize("p", BETA_GEOMETRIC)
def test_beta_geometric_likelihood(model: PurchaseModel, shift: int, p: tuple[float, ...]) -> None:
    truth = exact([oracle.bg_log_likelihood(p, shift, *row) for row in ROWS])
    np.testing.assert_allclose(model.log_likelihood(p, *columns()), truth, rtol=1e-12, atol=1e-12)


@FAMILY
@pytest.mark.parametrize("p", BETA_GEOMETRIC)
def test_beta_geometric_alive(model: PurchaseModel, shift: int, p: tuple[float, ...]) -> None:
    truth = exact([1 / (1 + oracle.bg_odds(p, shift, *row)) for row in ROWS])
    np.testing.assert_allclose(model.p_alive(p, *columns()), truth, atol=1e-14)


@FAMILY
@pytest.mark.parametrize("p", BETA_GEOMETRIC)
@pytest.mark.parametrize("t", TIMES)
def test_beta_geometric_purchases(model: PurchaseModel, shift: int, p: tuple[float, ...], t: float) -> None:
    x, _, T = columns()
    truth = exact([oracle.bg_purchases(p, shift, t, row[0], row[2]) for row in ROWS])
    np.testing.assert_allclose(model.purchases_if_alive(p, t, x, T), truth, rtol=2e-9)


@pytest.mark.parametrize("p", [BETA_GEOMETRIC[0], BETA_GEOMETRIC[2]])
def test_bg_residual_without_end(p: tuple[float, ...]) -> None:
    rows = [ROWS[1], ROWS[3]]
    truth = exact([oracle.bg_residual(p, 0, 0.02, row[0], row[2]) for row in rows])
    x, _, T = np.array(rows, dtype=float).T
    np.testing.assert_allclose(bgnbd.residual_if_alive(p, 0.02, x, T), truth, rtol=1e-9)


@pytest.mark.parametrize("p", PARETO)
def test_pareto_likelihood(p: tuple[float, ...]) -> None:
    truth = exact([oracle.pareto_log_likelihood(p, *row) for row in ROWS])
    np.testing.assert_allclose(paretonbd.log_likelihood(p, *columns()), truth, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("p", PARETO)
def test_pareto_alive(p: tuple[float, ...]) -> None:
    truth = exact([1 / (1 + oracle.pareto_odds(p, *row)) for row in ROWS])
    np.testing.assert_allclose(paretonbd.p_alive(p, *columns()), truth, atol=1e-13)


@pytest.mark.parametrize("p", PARETO)
@pytest.mark.parametrize("t", TIMES)
def test_pareto_purchases(p: tuple[float, ...], t: float) -> None:
    x, _, T = columns()
    truth = exact([oracle.pareto_purchases(p, t, row[0], row[2]) for row in ROWS])
    np.testing.assert_allclose(paretonbd.purchases_if_alive(p, t, x, T), truth, rtol=1e-12)


@pytest.mark.parametrize("p", PARETO)
@pytest.mark.parametrize("delta", [1e-5, 0.0018, 0.05])
def test_pareto_residual_without_end(p: tuple[float, ...], delta: float) -> None:
    x, _, T = columns()
    truth = exact([oracle.pareto_residual(p, delta, row[0], row[2]) for row in ROWS])
    np.testing.assert_allclose(paretonbd.residual_if_alive(p, delta, x, T), truth, rtol=1e-10)


@pytest.mark.parametrize("p", [(6.25, 3.74, 15.44), (0.05, 1.2, 3e4), (500, 40, 0.2)])
def test_gamma_gamma_likelihood(p: tuple[float, ...]) -> None:
    rows = [(1, 0.01), (1, 35.0), (7, 1e6), (400, 12.5)]
    x, z = np.array(rows, dtype=float).T
    truth = exact([oracle.gamma_gamma_log_likelihood(p, *row) for row in rows])
    np.testing.assert_allclose(gammagamma.log_likelihood(p, x, z), truth, rtol=1e-9)


@pytest.mark.parametrize("p", [(0.704, 1.182), (1e-3, 20), (300, 0.01)])
def test_sbg_survival(p: tuple[float, float]) -> None:
    truth = exact([oracle.sbg_survival(p, t) for t in (0, 1, 12, 1000)])
    np.testing.assert_allclose(sbg.survival(p, [0, 1, 12, 1000]), truth, rtol=1e-10)


@pytest.mark.parametrize("p", [(1.204, 0.75, 0.657, 2.783), (0.01, 30, 1, 1), (80, 0.02, 5, 0.1)])
def test_bgbb_likelihood(p: tuple[float, ...]) -> None:
    rows = [(0, 0, 6), (4, 5, 6), (6, 6, 6), (1, 1, 200), (150, 190, 200)]
    truth = exact([oracle.mp.log(oracle.bgbb_likelihood(p, *row)) for row in rows])
    np.testing.assert_allclose(bgbb.log_likelihood(p, *np.array(rows, dtype=float).T), truth, rtol=1e-10)
