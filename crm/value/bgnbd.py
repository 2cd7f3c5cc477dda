"""BG/NBD: Poisson purchases until a drop-out that follows a repeat purchase (Fader, Hardie & Lee 2005).

Fast and robust, but a customer without a repeat purchase counts as certainly alive: never show that as "no
churn risk".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crm.value import betageometric as kernel
from crm.value.arrays import Floats, Parameters
from crm.value.doors import ahead
from crm.value.history import History
from crm.value.optimise import Fit

NAMES: tuple[str, ...] = kernel.NAMES


def log_likelihood(p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Log-likelihood of each customer, shape (n,); p = (r, alpha, a, b)."""
    return kernel.log_likelihood(p, 0, x, t_x, T)


def fit(history: History, counts: Floats | None = None, start: Floats | None = None) -> Fit:
    """Maximum-likelihood (r, alpha, a, b); alpha in the unit of T. FitRejected as `optimise.maximise`."""
    return kernel.fit(history, 0, counts, start)


def p_alive(p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T), shape (n,); 1 wherever x = 0."""
    return kernel.p_alive(p, 0, x, t_x, T)


def purchases_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected purchases in (T, T + t] of a customer alive at T (equation 10 without P(alive))."""
    return kernel.purchases_if_alive(p, 0, t, x, T)


def square_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected squared number of purchases in (T, T + t] of a customer alive at T."""
    return kernel.square_if_alive(p, 0, t, x, T)


def survival_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T + t) of a customer alive at T."""
    return kernel.survival_if_alive(p, 0, t, x, T)


def lifetime_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected time alive within (T, T + t] of a customer alive at T."""
    return kernel.lifetime_if_alive(p, 0, t, x, T)


def purchase_within_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(at least one purchase in (T, T + t]) of a customer alive at T."""
    return kernel.purchase_within_if_alive(p, t, x, T)


def residual_if_alive(p: Parameters, delta: float, x: ArrayLike, T: ArrayLike) -> Floats:
    """Discounted expected purchases without end of a customer alive at T; `delta` continuous, per unit of
    T.
    """
    return kernel.residual_if_alive(p, 0, delta, x, T)


def expected_new(p: Parameters, t: ArrayLike) -> Floats:
    """Expected repeat purchases of a customer in the time t after the first purchase (equation 9); shape of
    t.
    """
    time = ahead(t)
    return purchases_if_alive(p, time, np.zeros_like(time), np.zeros_like(time))


def residual_new(p: Parameters, delta: float) -> float:
    """Discounted expected repeat purchases of a customer just acquired; the first purchase is not counted."""
    return float(residual_if_alive(p, delta, np.zeros(1), np.zeros(1))[0])
