"""How far the truth may lie from a figure: uncertainty of parameters, and the chance in what customers do."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import gammaincinv, ndtri

from crm.errors import ValidationFailed
from crm.value.arrays import Floats
from crm.value.optimise import Fit


def parameter_interval(
    function: Callable[[Floats], Floats], fit: Fit, level: float = 0.9, step: float = 1e-4
) -> tuple[Floats, Floats]:
    """Delta-method limits, each (n,), of a positive figure `function(parameters)` given the fit's
    covariance.

    Worked on the logarithm of the figure, so limits stay positive. This is what refitting would change, not
    what one customer will do: for that see `predictive_interval`.
    """
    center = function(fit.parameters)
    moves = np.exp(np.eye(len(fit.parameters)) * step)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = [
            np.log(function(fit.parameters * m) / function(fit.parameters / m)) / (2 * step) for m in moves
        ]
    slope = np.nan_to_num(np.array(slopes))
    spread = np.sqrt(np.maximum(np.einsum("kn,kl,ln->n", slope, fit.covariance, slope), 0.0))
    z = float(ndtri(0.5 + _checked(level) / 2))
    return center * np.exp(-z * spread), center * np.exp(z * spread)


def draws(fit: Fit, count: int, rng: np.random.Generator) -> Floats:
    """Parameter vectors drawn from the fit's normal approximation on the log scale, shape (count, k)."""
    logs = rng.multivariate_normal(np.log(fit.parameters), fit.covariance, size=count, method="eigh")
    drawn: Floats = np.exp(logs)
    return drawn


def drawn_interval(
    function: Callable[[Floats], Floats],
    fit: Fit,
    rng: np.random.Generator,
    *,
    count: int = 200,
    level: float = 0.9,
) -> tuple[Floats, Floats]:
    """Quantile limits, each (n,), of `function(parameters)` over parametric bootstrap draws."""
    sample = np.array([function(p) for p in draws(fit, count, rng)])
    edge = (1 - _checked(level)) / 2
    low, high = np.quantile(sample, [edge, 1 - edge], axis=0)
    return low, high


def spend_variance(
    purchases: Floats, squares: Floats, spend: Floats, within: Floats, between: Floats
) -> Floats:
    """Variance of the money spent in a horizon, shape (n,).

    purchases, squares: expected number of purchases and of its square. spend: expected money per purchase.
    within, between: from `gammagamma.spend_squares`. E[S^2] = E[Y] within + E[Y^2] between, less the
    squared mean.
    """
    variance: Floats = purchases * within + squares * between - (purchases * spend) ** 2
    return np.maximum(variance, 0.0)


def predictive_interval(mean: Floats, variance: Floats, level: float = 0.9) -> tuple[Floats, Floats]:
    """Limits, each (n,), for what one customer will really bring: quantiles of the gamma of this mean and
    variance.

    A gamma of small shape piles up at zero, as the future of a customer who may be gone does. Infinite
    variance gives an infinite upper limit. Quantiles are read from a table over the shape (error below 0.1%
    of the mean).
    """
    edge = (1 - _checked(level)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        log_shape = np.log(mean**2 / variance)
    certain = (variance <= 0) | (mean <= 0)
    low, high = (
        np.where(certain, mean, mean * np.interp(log_shape, *_quantile_table(quantile)))
        for quantile in (edge, 1 - edge)
    )
    return low, np.where(np.isinf(variance), np.inf, high)


@lru_cache(maxsize=16)
def _quantile_table(quantile: float) -> tuple[Floats, Floats]:
    logs = np.linspace(np.log(1e-6), np.log(1e8), 4001)
    shape = np.exp(logs)
    ratio: Floats = gammaincinv(shape, quantile) / shape
    return logs, ratio


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValidationFailed(f"level is {level:g}: choose a probability such as 0.9.", path=("level",))
    return level
