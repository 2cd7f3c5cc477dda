"""Gamma-gamma: how much a customer spends per purchase, independent of how often (Fader & Hardie, note
025).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from crm.value import doors
from crm.value.arrays import Floats, Parameters, columns, floats, positive, refuse, same_length
from crm.value.distinct import distinct
from crm.value.errors import FitRejected, InsufficientData
from crm.value.optimise import Fit, Objective, maximise

NAMES: tuple[str, ...] = ("p", "q", "gamma")


def log_likelihood(parameters: Parameters, x: ArrayLike, z: ArrayLike) -> Floats:
    """Log-likelihood of mean spend z over x purchases, shape (n,); x >= 1, z > 0; parameters = (p, q, gamma).

    Of the mean, as notes 025 and CLVTools count it: that of the total spent is lower by log(x).
    """
    p, q, gamma = doors.parameters(NAMES, parameters)
    x, z = columns(x=positive("x", x), z=positive("z", z))
    value: Floats = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * x - 1) * np.log(z)
        + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + x * z)
    )
    return value


def fit(x: ArrayLike, z: ArrayLike, *, start: Floats | None = None) -> Fit:
    """Maximum-likelihood (p, q, gamma); gamma in the unit of z.

    x: repeat purchase days, shape (n,), each >= 1. z: mean spend of these days, > 0 (pass repeaters only).
    InsufficientData below 2 customers; FitRejected when all spend the same (p has no maximum) or as
    `maximise`.
    """
    x, z = positive("x", x), positive("z", z)
    refuse("x", x, x < 1, "pass customers with at least one repeat purchase")
    if same_length(x=x, z=z) < 2:
        raise InsufficientData("Repeat buyers with a known spend", have=len(x), need=2)
    if np.ptp(z) <= 1e-9 * z.max():
        raise FitRejected(
            "All customers spend the same per purchase: use that amount, no model is needed.",
            cause="EQUAL_SPEND",
            path=("z",),
        )
    scale = 1 / float(z.mean())
    units = np.array([1.0, 1.0, scale])
    rescaled = len(x) * float(np.log(scale))
    return maximise(objective(x, z * scale), NAMES, len(x), start=start, units=units, shift=rescaled)


def objective(x: Floats, z: Floats) -> Objective:
    """The summed log-likelihood and its analytic gradient as a function of (p, q, gamma)."""
    by_x = distinct(x)
    (xs,), of_x = by_x.columns, by_x.counts
    total, spent = float(len(x)), x * z
    sum_log_z, sum_x_log_spent = float(np.log(z).sum()), float(x @ np.log(spent))

    def evaluate(parameters: Floats) -> tuple[float, Floats]:
        p, q, gamma = map(float, parameters)
        reach = np.log(gamma + spent)
        gap = digamma(p * xs + q)
        per_x = gammaln(p * xs + q) - gammaln(p * xs)
        value = of_x @ per_x + total * (q * np.log(gamma) - gammaln(q)) + p * sum_x_log_spent - sum_log_z
        value -= (p * x + q) @ reach
        by_p = of_x @ (xs * (gap - digamma(p * xs))) + sum_x_log_spent - x @ reach
        by_q = of_x @ gap + total * (np.log(gamma) - digamma(q)) - reach.sum()
        by_gamma = total * q / gamma - (p * x + q) @ (1 / (gamma + spent))
        return float(value), np.array([by_p, by_q, by_gamma])

    return evaluate


def population_mean(parameters: Parameters) -> float:
    """Mean spend per purchase over all customers, p gamma / (q - 1); parameters = (p, q, gamma).

    FitRejected when q <= 1: the mean is not finite.
    """
    p, q, gamma = doors.parameters(NAMES, parameters)
    if q <= 1:
        raise FitRejected(
            f"q is {q:.3g}, so mean spend has no finite expectation; use the observed mean.",
            cause="NO_MEAN",
            path=("q",),
        )
    return float(p * gamma / (q - 1))


def expected_spend(parameters: Parameters, x: ArrayLike, z: ArrayLike) -> Floats:
    """Expected mean spend per purchase given x past purchases of mean z, shape (n,); parameters = (p, q, gamma).

    A weighted mean of z (weight p x) and the population mean (weight q - 1), equation 5 of note 025; x = 0
    gives the population mean whatever z is, NaN included. FitRejected when p x + q <= 1 for some customer, whose mean
    is not finite: with x = 0 that is q <= 1.
    """
    p, q, gamma = doors.parameters(NAMES, parameters)
    x = floats("x", x)
    x, z = columns(x=x, z=np.where(x > 0, z, 0.0))
    refuse("x", x, x < 0, "count purchases, 0 or more")
    refuse("z", z, z < 0, "mean spend must be 0 or more")
    if q <= 1 and (p * x + q <= 1).any():
        population_mean(parameters)
    expected: Floats = p * (gamma + x * z) / (p * x + q - 1)
    return expected


@dataclass(frozen=True)
class Spend:
    """The money of one purchase of n customers: gamma of shape p and rate nu; nu gamma of (tail, rate), (n,)."""

    p: float
    tail: Floats
    rate: Floats

    @property
    def mean(self) -> Floats:
        """Expected money per purchase, shape (n,)."""
        return self.p * self.rate / (self.tail - 1)


CERTAIN = 1e6


def spend(parameters: Parameters, x: Floats, z: Floats) -> Spend:
    """What is known of the spend of customers with x past purchases of mean z, shape (n,): nu ~ gamma(q + p x, gamma +
    x z).
    """
    p, q, gamma = parameters
    return Spend(p, q + p * x, gamma + x * np.where(x > 0, z, 0.0))


def known_spend(mean: Floats, variation: float) -> Spend:
    """Spend of a known mean per purchase, shape (n,), and a known variation (standard deviation over mean)."""
    p = 1 / max(variation, 1e-3) ** 2
    return Spend(p, np.full(len(mean), CERTAIN), mean * (CERTAIN - 1) / p)
