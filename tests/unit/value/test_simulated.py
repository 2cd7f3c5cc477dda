"""Fits recover known parameters, and closed forms equal what simulated customers do."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value import bgbb, bgnbd, gammagamma, mbgnbd, paretonbd, sbg
from crm.value.arrays import Floats
from crm.value.models import PurchaseModel, fit
from crm.value.optimise import Fit
from tests.unit.value import simulate

BG = (0.6, 5.0, 0.8, 2.5)
PARETO = (0.7, 8.0, 0.8, 20.0)


def assert_recovered(found: Fit, truth: tuple[float, ...]) -> None:
    miss = np.log(found.parameters / np.array(truth)) / np.sqrt(np.diag(found.covariance))
    assert np.abs(miss).max() < 3.5


def test_pareto_is_recovered() -> None:
    history = simulate.pareto(PARETO, 20_000, np.random.default_rng(1))
    assert_recovered(paretonbd.fit(history), PARETO)


@pytest.mark.parametrize(("model", "shift"), [(bgnbd, 0), (mbgnbd, 1)])
def test_beta_geometric_is_recovered(model: PurchaseModel, shift: int) -> None:
    history = simulate.beta_geometric(BG, shift, 20_000, np.random.default_rng(2))
    assert_recovered(model.fit(history), BG)


def test_gamma_gamma_is_recovered() -> None:
    rng = np.random.default_rng(3)
    x = 1.0 + rng.poisson(3, 20_000)
    assert_recovered(gammagamma.fit(x, simulate.spend((6, 4, 15), x, rng)), (6, 4, 15))


def test_sbg_is_recovered() -> None:
    survivors = np.round(1e6 * sbg.survival((0.7, 1.2), np.arange(9)))
    assert_recovered(sbg.fit(survivors), (0.7, 1.2))


def test_bgbb_is_recovered() -> None:
    x, t_x = np.array([(x, t) for t in range(7) for x in range(min(t, 1), t + 1)], dtype=float).T
    n, truth = np.full(len(x), 6.0), (1.2, 0.75, 0.66, 2.78)
    ways = np.array([_arrangements(int(a), int(b)) for a, b in zip(x, t_x, strict=True)])
    expected = 1e5 * ways * np.exp(bgbb.log_likelihood(truth, x, t_x, n))
    assert expected.sum() == pytest.approx(1e5)
    assert_recovered(bgbb.fit(x, t_x, n, expected), truth)


def _arrangements(x: int, t_x: int) -> int:
    return 1 if x == 0 else round(np.prod([(t_x - 1 - i) / (i + 1) for i in range(x - 1)]))


def test_a_sampled_fit_finds_the_same_customers() -> None:
    history = simulate.pareto(PARETO, 40_000, np.random.default_rng(4))
    sampled = fit("PARETO_NBD", history, most=10_000)
    assert sampled.customers == 10_000
    assert_recovered(sampled, PARETO)


def test_a_warm_start_ends_at_the_same_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    history = simulate.pareto(PARETO, 8_000, np.random.default_rng(5))
    cold = fit("PARETO_NBD", history)
    monkeypatch.setattr("crm.value.models.WARM_ABOVE", 500)
    np.testing.assert_allclose(fit("PARETO_NBD", history).parameters, cold.parameters, rtol=1e-5)


def one(value: float) -> Floats:
    return np.array([value])


@pytest.mark.parametrize(("x", "T", "t"), [(0, 20, 30), (4, 50, 52), (12, 30, 200)])
def test_pareto_closed_forms_equal_simulation(x: float, T: float, t: float) -> None:
    bought, alive = simulate.pareto_future(PARETO, x, T, t, 400_000, np.random.default_rng(6))
    assert_simulated(paretonbd, PARETO, (x, T, t), bought, alive)


@pytest.mark.parametrize(("x", "T", "t"), [(0, 20, 30), (4, 50, 52), (12, 30, 200)])
def test_bg_closed_forms_equal_simulation(x: float, T: float, t: float) -> None:
    bought, alive = simulate.bg_future(BG, x, T, t, 400_000, np.random.default_rng(7))
    assert_simulated(bgnbd, BG, (x, T, t), bought, alive)


def assert_simulated(
    model: PurchaseModel,
    p: tuple[float, ...],
    case: tuple[float, float, float],
    bought: Floats,
    alive: Floats,
) -> None:
    x, T, t = case
    at = one(x), one(T)
    assert model.purchases_if_alive(p, t, *at)[0] == pytest.approx(bought.mean(), rel=0.015)
    assert model.square_if_alive(p, t, *at)[0] == pytest.approx((bought**2).mean(), rel=0.03)
    assert model.survival_if_alive(p, t, *at)[0] == pytest.approx((alive >= t).mean(), abs=0.004)
    assert model.lifetime_if_alive(p, t, *at)[0] == pytest.approx(alive.mean(), rel=0.01)
    assert model.purchase_within_if_alive(p, t, *at)[0] == pytest.approx((bought > 0).mean(), abs=0.004)
