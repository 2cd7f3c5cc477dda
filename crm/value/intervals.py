"""How far the truth may lie from a figure: uncertainty of parameters, and the chance in what customers do."""

from __future__ import annotations

from collections.abc import Callable

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
        slopes = [np.log(function(fit.parameters * m) / function(fit.parameters / m)) / (2 * step) for m in moves]
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


def spend_variance(purchases: Floats, squares: Floats, spend: Floats, within: Floats, between: Floats) -> Floats:
    """Variance of the money spent in a horizon, shape (n,).

    purchases, squares: expected number of purchases and of its square. spend: expected money per purchase.
    within, between: from `gammagamma.spend_squares`. E[S^2] = E[Y] within + E[Y^2] between, less the
    squared mean.
    """
    variance: Floats = purchases * within + squares * between - (purchases * spend) ** 2
    return np.maximum(variance, 0.0)


def predictive_interval(mean: Floats, variance: Floats, chance: Floats, level: float = 0.9) -> tuple[Floats, Floats]:
    """Limits, each (n,), for what one customer will really bring within a horizon.

    mean, variance: of the purchases or the money. chance: P(anything at all). Nothing has probability 1 - chance; what
    there is otherwise is taken as the gamma distribution with the remaining mean and variance. An infinite variance
    gives an infinite upper limit.
    """
    edge = (1 - _checked(level)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_if_any = mean / chance
        shape = mean_if_any**2 / ((variance + mean**2) / chance - mean_if_any**2)
    low, high = (_quantile(mean_if_any, shape, 1 - chance, quantile) for quantile in (edge, 1 - edge))
    return low, np.where(np.isinf(variance), np.inf, high)


def _quantile(mean: Floats, shape: Floats, nothing: Floats, quantile: float) -> Floats:
    result = np.zeros(len(mean))
    certain = ~(shape < 1e8) | (shape < 0)
    some = nothing < quantile
    result[some & certain] = mean[some & certain]
    rows = some & ~certain & (shape > 0)
    within = (quantile - nothing[rows]) / (1 - nothing[rows])
    result[rows] = mean[rows] * gammaincinv(shape[rows], within) / shape[rows]
    return result


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValidationFailed(f"level is {level:g}: choose a probability such as 0.9.", path=("level",))
    return level
