"""Customers whose true parameters are known."""

from __future__ import annotations

import numpy as np

from crm.value.arrays import Floats
from crm.value.history import History

Numbers = tuple[float, ...]


def pareto(p: Numbers, customers: int, rng: np.random.Generator, *, longest: float = 100) -> History:
    """Pareto/NBD histories, observed for `longest` / 2 to `longest` weeks."""
    r, alpha, s, beta = p
    T = rng.uniform(longest / 2, longest, customers)
    active = np.minimum(T, rng.exponential(1 / rng.gamma(s, 1 / beta, customers)))
    x = rng.poisson(rng.gamma(r, 1 / alpha, customers) * active).astype(float)
    # The last of x uniform times is distributed as the x-th root of one.
    return History.of(x, np.where(x > 0, active * rng.uniform(size=customers) ** (1 / np.maximum(x, 1)), 0.0), T)


def beta_geometric(p: Numbers, shift: int, customers: int, rng: np.random.Generator) -> History:
    """BG/NBD (shift 0) or MBG/NBD (shift 1) histories, observed for 50 to 100 weeks."""
    r, alpha, a, b = p
    T = rng.uniform(50, 100, customers)
    rate, leaving = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    x, t_x, clock = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    here = rng.uniform(size=customers) >= leaving * shift
    while here.any():
        clock = clock + rng.exponential(1 / rate)
        bought = here & (clock <= T)
        x, t_x = x + bought, np.where(bought, clock, t_x)
        here = bought & (rng.uniform(size=customers) >= leaving)
    return History.of(x, t_x, T)


def spend(p: Numbers, x: Floats, rng: np.random.Generator) -> Floats:
    """Gamma-gamma mean spend over x >= 1 purchases."""
    shape, q, gamma = p
    return rng.gamma(shape * x, 1 / (rng.gamma(q, 1 / gamma, len(x)) * x))


def pareto_future(
    p: Numbers, x: float, T: float, t: float, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Purchases within t and time alive, (draws,) each, of one customer alive at T."""
    r, alpha, s, beta = p
    alive = np.minimum(t, rng.exponential(1 / rng.gamma(s, 1 / (beta + T), draws)))
    return rng.poisson(rng.gamma(r + x, 1 / (alpha + T), draws) * alive).astype(float), alive


def bg_future(p: Numbers, x: float, T: float, t: float, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Purchases within t and time alive, (draws,) each, of one BG/NBD customer alive at T."""
    r, alpha, a, b = p
    rate, leaving = rng.gamma(r + x, 1 / (alpha + T), draws), rng.beta(a, b + x, draws)
    last = rng.geometric(np.maximum(leaving, 1e-12))
    happened = rng.poisson(rate * t)
    gone = happened >= last
    # Given their number, purchases are uniform in time, and the one that ends it is one of their order statistics.
    clock = t * rng.beta(last, np.where(gone, happened - last + 1, 1))
    return np.minimum(happened, last).astype(float), np.where(gone, clock, t)
