"""Means over a beta-distributed chance to leave by quadrature: slow, but right where the hypergeometric form is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import betaln, expit, exprel, log_expit

from crm.value.arrays import Floats
from crm.value.quadrature import unit_nodes

Kernel = Callable[[Floats, Floats, Floats], Floats]
"""What is averaged, of the chance p, the shape of the rate, and time relative to that rate."""

_NODES = 256
_LOOK = 65
_ROWS = 256
_FLAT = 37.0  # e^-37 is below the last place of a double
_DEEP = 45.0  # beyond e^-45 of the peak nothing counts


def staying(p: Floats, shape: Floats, time: Floats) -> Floats:
    """P(still there): the mean of exp(-rate p t) over the rate."""
    return np.asarray(np.exp(-shape * np.log1p(p * time)), dtype=np.float64)


def buying(p: Floats, shape: Floats, time: Floats) -> Floats:
    """Expected purchases: the mean of (1 - exp(-rate p t)) / p over the rate."""
    return np.asarray(-np.expm1(-shape * np.log1p(p * time)) / p, dtype=np.float64)


def lasting(p: Floats, shape: Floats, time: Floats) -> Floats:
    """Expected time still there, relative to that of the rate: the integral of `staying`."""
    passed = np.log1p(p * time)
    return np.asarray(passed * exprel((1 - shape) * passed) / p, dtype=np.float64)


def pairing(p: Floats, shape: Floats, time: Floats) -> Floats:
    """E[Y(Y - 1)] of the number of purchases: the mean of 2(1 - p)(1 - (1 + s)exp(-s)) / p^2 with s = rate p t."""
    w = p * time
    closed = 1 - np.exp(-shape * np.log1p(w)) * (1 + shape * w / (1 + w))
    small = shape * (shape + 1) * w**2 / 2 * (1 - 2 * (shape + 2) * w / 3)
    gone = np.where((shape + 2) * w < 3e-4, small, closed)
    return np.asarray(2 * (1 - p) * gone / p**2, dtype=np.float64)


def mean(kernel: Kernel, a: float, b: Floats, shape: Floats, time: Floats) -> Floats:
    """Mean of `kernel` over p ~ beta(a, b), for b, shape and time of shape (n,); relative error below about 1e-8.

    Integrates over the logarithm of the odds of p, in which everything is smooth: between where the kernel no longer
    changes on either side, narrowed to where anything counts; what lies beyond is added in closed form.
    """
    parts = [slice(start, start + _ROWS) for start in range(0, len(b), _ROWS)]
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        found = [_part(kernel, a, b[rows], shape[rows], time[rows]) for rows in parts]
    return np.concatenate(found) if found else np.zeros(0)


def _part(kernel: Kernel, a: float, b: Floats, shape: Floats, time: Floats) -> Floats:
    constant = betaln(a, b)
    low = -np.log1p(time * (shape + 1)) - np.log1p(b) - _FLAT
    high = np.log1p(np.full(len(b), a)) + np.log1p(shape) + _FLAT
    below = np.exp(a * low - constant) / a * kernel(expit(low), shape, time)
    above = np.exp(-b * high - constant) / b * kernel(np.ones(len(b)), shape, time)

    def weighed(odds: Floats) -> Floats:
        """Logarithm of the integrand at some log-odds of each row, (n, k)."""
        value = kernel(expit(odds), shape[:, None], time[:, None])
        density = a * log_expit(odds) + b[:, None] * log_expit(-odds) - constant[:, None]
        return np.asarray(density + np.log(value), dtype=np.float64)

    for _ in range(2):
        low, high = _narrowed(weighed, low, high)
    u, w = unit_nodes(_NODES)
    inside = np.exp(weighed(low[:, None] + (high - low)[:, None] * u)) @ w * (high - low)
    total: Floats = inside + below + above
    return total


def _narrowed(weighed: Callable[[Floats], Floats], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The part of [low, high] in which the integrand is not negligible, each (n,)."""
    grid = np.linspace(0.0, 1.0, _LOOK)
    height = np.nan_to_num(weighed(low[:, None] + (high - low)[:, None] * grid), nan=-np.inf)
    counts = height > height.max(axis=1, keepdims=True) - _DEEP
    first = np.maximum(counts.argmax(axis=1) - 1, 0)
    last = np.minimum(_LOOK - counts[:, ::-1].argmax(axis=1), _LOOK - 1)
    width = high - low
    return low + width * grid[first], low + width * grid[last]
