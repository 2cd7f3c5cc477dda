"""How far the truth may lie from a figure: uncertainty of parameters, and the chance in what customers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import nbinom

from crm.errors import ValidationFailed
from crm.value import betaprime
from crm.value.arrays import Floats
from crm.value.gammagamma import Spend
from crm.value.optimise import Fit
from crm.value.purchases import Counts

WIDEST = 0.999
LEAST_SHAPE = 1e-3


def parameter_interval(
    function: Callable[[Floats], Floats], fit: Fit, level: float = 0.9, step: float = 1e-4
) -> tuple[Floats, Floats]:
    """Delta-method limits, each (n,), of a positive figure `function(parameters)` given the fit's
    covariance.

    Worked on the logarithm of the figure, so limits stay positive. This is what refitting would change, not
    what one customer will do: for that see `Money`.
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


@dataclass(frozen=True)
class Money:
    """What each of n customers will bring within a horizon, as a distribution; each of shape (n,).

    Nothing with probability `nothing`; otherwise `scale` times a beta prime of (shape, tail).
    """

    nothing: Floats
    shape: Floats
    tail: Floats
    scale: Floats

    def below(self, value: Floats) -> tuple[Floats, Floats]:
        """P(less than each value) and P(at most it), each (n,); they differ where the value is 0."""
        some = np.clip(value / self.scale, 0.0, 1e300)
        up_to = self.nothing + (1 - self.nothing) * np.where(value > 0, betaprime.cdf(self.shape, self.tail, some), 0.0)
        return np.where(value > 0, up_to, 0.0), up_to

    def limits(self, level: float) -> tuple[Floats, Floats]:
        """The central interval of a level: as much chance below as above it, each (n,)."""
        edge = (1 - _checked(level)) / 2
        return self._quantile(edge), self._quantile(1 - edge)

    def _quantile(self, share: float) -> Floats:
        result = np.zeros(len(self.nothing))
        some = self.nothing < share
        within = (share - self.nothing[some]) / (1 - self.nothing[some])
        result[some] = self.scale[some] * betaprime.quantile(self.shape[some], self.tail[some], within)
        return result


def money(counts: Counts, each: Spend) -> Money:
    """The distribution of what is spent, given those of the number of purchases and of the money of one.

    Given a customer's rate of spend, k purchases bring a gamma of shape p k; over the k there are, its mean and
    variance are matched by one gamma. The rate is uncertain itself (Gamma-Gamma), which makes it a beta prime.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = counts.mean**2 / (counts.mean / each.p + counts.variance)
    shape = np.clip(np.nan_to_num(shape, nan=1.0), LEAST_SHAPE, 1e9)
    return Money(1 - counts.chance, shape, each.tail, each.rate * each.p * counts.mean / shape)


def purchases_below(counts: Counts, actual: Floats) -> tuple[Floats, Floats]:
    """P(fewer purchases than happened) and P(at most so many), each (n,).

    Those who buy at all buy once, and a negative binomial number of times more.
    """
    more = np.maximum(counts.mean - 1, 1e-9)
    spread = np.maximum(counts.variance, more * (1 + 1e-9))
    r, chance = more**2 / (spread - more), more / spread
    at_most = [
        1 - counts.chance + counts.chance * np.where(k >= 1, nbinom.cdf(k - 1, r, chance), 0.0)
        for k in (actual - 1, actual)
    ]
    return np.where(actual > 0, at_most[0], 0.0), at_most[1]


def coverage(below: tuple[Floats, Floats], level: float) -> float:
    """The share of outcomes within the central interval of a level, from P(less) and P(at most) of each.

    Of an outcome that has a probability of its own, the part counts that lies within (Czado, Gneiting and Held 2009):
    so a right model covers exactly `level`, however coarse the outcomes are.
    """
    less, at_most = below
    edge = (1 - _checked(level)) / 2
    atom = at_most - less
    held = np.minimum(at_most, 1 - edge) - np.maximum(less, edge)
    single = (at_most >= edge) & (at_most <= 1 - edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(atom > 1e-12, np.clip(held, 0.0, None) / atom, single)
    return float(part.mean())


def level_that_holds(below: tuple[Floats, Floats], level: float) -> float:
    """The level, at least `level`, whose central intervals held `level` of the outcomes; at most 0.999."""
    low, high = _checked(level), WIDEST
    if coverage(below, low) >= level:
        return low
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if coverage(below, middle) >= level else (middle, high)
    return high


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValidationFailed(f"level is {level:g}: choose a probability such as 0.9.", path=("level",))
    return level
