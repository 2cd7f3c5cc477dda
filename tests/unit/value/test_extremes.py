"""Parameters as far out as a search can end, customers of every kind: figures stay figures, and right."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from mpmath import beta, hyp2f1, mp, mpf

from crm.value import betageometric, mixing
from crm.value.arrays import Floats
from crm.value.discount import Horizon
from crm.value.history import History
from crm.value.models import MODELS
from crm.value.purchases import discounted_purchases

Numbers = tuple[float, ...]

FAR = list(product((1e-3, 1, 1e3), (1e-3, 1, 1e3), (1e-3, 0.999999, 1, 1e3), (1e-3, 1, 1e3)))
# (x, t_x, T): new, silent for a century, regular, many on one day and then none, daily buyers of half a century
CUSTOMERS = (
    (0, 0, 1 / 7),
    (0, 0, 5200),
    (1, 1 / 7, 5200),
    (1, 5200, 5200),
    (3000, 1, 5200),
    (3000, 5199, 5200),
    (20000, 5200, 5200),
)
NAMES = pytest.mark.parametrize("name", list(MODELS))


def history() -> History:
    return History.of(*np.array(CUSTOMERS, dtype=float).T)


@NAMES
def test_no_parameters_make_a_probability_of_something_else(name: str) -> None:
    model, seen = MODELS[name], history()
    for p, t in product(FAR, (1e-6, 1.0, 5200.0)):
        at = np.full(len(seen), t)
        for chance in (
            model.p_alive(p, seen.x, seen.t_x, seen.T),
            model.survival_if_alive(p, at, seen.x, seen.T),
            model.purchase_within_if_alive(p, at, seen.x, seen.T),
            model.lifetime_if_alive(p, at, seen.x, seen.T) / t,
        ):
            assert np.all((chance >= -1e-12) & (chance <= 1 + 1e-6)), (p, t)


@NAMES
def test_no_parameters_make_expectations_fall_or_exceed_those_of_who_never_leaves(name: str) -> None:
    model, seen = MODELS[name], history()
    for p in FAR:
        before = np.zeros(len(seen))
        for t in (0.0, 1e-6, 1.0, 52.0, 5200.0):
            now = model.purchases_if_alive(p, np.full(len(seen), t), seen.x, seen.T)
            assert np.all(now >= before - 1e-7 * (1 + before)), (p, t)
            assert np.all(now <= (p[0] + seen.x) / (p[1] + seen.T) * t * (1 + 1e-6) + 1e-12), (p, t)
            square = model.square_if_alive(p, np.full(len(seen), t), seen.x, seen.T)
            assert np.all(square >= now**2 * (1 - 1e-6) - 1e-9), (p, t)
            before = now


@NAMES
@pytest.mark.parametrize("rate", [0.0, 0.1, 5.0])
def test_value_without_discount_is_the_number_of_purchases_and_never_more_than_it(name: str, rate: float) -> None:
    model, seen = MODELS[name], history()
    for p in FAR[::5]:
        alive = model.p_alive(p, seen.x, seen.t_x, seen.T)
        worth = discounted_purchases(model, p, seen, Horizon(rate, 52, 36), alive)
        counted = alive * model.purchases_if_alive(p, np.full(len(seen), 156.0), seen.x, seen.T)
        assert np.all(np.isfinite(worth) & (worth >= 0) & (worth <= counted * (1 + 1e-9)))
        if rate == 0:
            np.testing.assert_allclose(worth, counted, rtol=1e-9, atol=1e-300)


# (a, b, shape, time relative to the rate): nearly nobody leaves, all leave alike, most leave at once
MIXTURES = ((0.003, 900, 2.1, 40), (604, 0.01, 2.003, 380), (120, 900, 5.1, 12), (1, 0.001, 1000, 360), (3, 7, 30, 2))


def power(a: mpf, b: mpf, shape: mpf, time: mpf) -> mpf:
    """The mean of (1 + p time)^-shape over p ~ beta(a, b), times the beta function, for any a but 0, -1, ..."""
    return beta(a, b) * hyp2f1(shape, a, a + b, -time)


def exact(mixture: Numbers) -> list[float]:
    """Means of staying, buying, lasting, pairing by Euler's integral, continued to negative a."""
    mp.dps = 50
    a, b, shape, time = map(mpf, mixture)
    a += mpf(10) ** -20 if a in (1, 2) else 0
    buys, fewer = (beta(a - 1, b) - power(a - 1, b, each, time) for each in (shape, shape - 1))
    pairs = beta(a - 2, b + 1) - power(a - 2, b + 1, shape, time) - shape * time * power(a - 1, b + 1, shape + 1, time)
    means = [power(a, b, shape, time), buys, fewer / (shape - 1), 2 * pairs]
    return [float(each / beta(a, b)) for each in means]


@pytest.mark.parametrize("mixture", MIXTURES)
def test_means_over_the_chance_to_leave_equal_50_digit_ones(mixture: Numbers) -> None:
    kernels = (mixing.staying, mixing.buying, mixing.lasting, mixing.pairing)
    np.testing.assert_allclose([averaged(kernel, mixture) for kernel in kernels], exact(mixture), rtol=1e-8)


def averaged(kernel: mixing.Kernel, mixture: Numbers) -> float:
    a, b, shape, time = mixture
    return float(mixing.mean(kernel, a, np.array([b]), np.array([shape]), np.array([time]))[0])


def test_where_the_hypergeometric_function_fails_the_slow_form_takes_over() -> None:
    """Hardly different customers: parameters of leaving in the hundreds."""
    p, x, T = (0.12, 2.4e-4, 427.7, 4577.3), np.array([5.0]), np.array([13.19])
    time = 156 / (p[1] + T)
    found: Floats = betageometric.purchases_if_alive(p, 1, np.full(1, 156.0), x, T)
    mixture = (p[2], p[3] + 6, p[0] + 5, float(time[0]))
    assert found[0] == pytest.approx(exact(mixture)[1], rel=1e-9)


@pytest.mark.parametrize("shift", [0, 1])
def test_time_to_come_is_right_where_the_hypergeometric_function_fails(shift: int) -> None:
    p, x, T = (0.12, 2.4e-4, 427.7, 4577.3), np.array([5.0]), np.array([13.19])
    found: Floats = betageometric.lifetime_if_alive(p, shift, np.full(1, 156.0), x, T)
    mixture = (p[2], p[3] + shift + 5, p[0] + 5, 156 / (p[1] + 13.19))
    assert found[0] / (p[1] + 13.19) == pytest.approx(exact(mixture)[2], rel=1e-8)
