"""Shifted beta-geometric: how long contracts are renewed (Fader & Hardie 2007, How to project customer
retention).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from crm.value.arrays import Floats, Parameters, floats, refuse
from crm.value.doors import discounting, parameters
from crm.value.errors import InsufficientData
from crm.value.hypergeometric import gauss
from crm.value.optimise import Fit, differenced, maximise

NAMES: tuple[str, ...] = ("alpha", "beta")


def log_likelihood(p: Parameters, survivors: ArrayLike) -> float:
    """Log-likelihood of `survivors`, shape (k + 1,): customers left after 0..k renewals; p = (alpha, beta)."""
    left = floats("survivors", survivors)
    lost = -np.diff(left)
    held = np.zeros(len(lost))
    held[-1:] = left[-1]
    return spells_log_likelihood(p, lost, held)


def spells_log_likelihood(p: Parameters, lost: Floats, held: Floats) -> float:
    """Log-likelihood of contracts of any age: `lost` at the n-th renewal, `held` still after n, (k,)."""
    alpha, beta = parameters(NAMES, p)
    periods = np.arange(1, len(lost) + 1)
    leaving = betaln(alpha + 1, beta + periods - 1) - betaln(alpha, beta)
    staying = betaln(alpha, beta + periods) - betaln(alpha, beta)
    return float(lost @ leaving + held @ staying)


def fit_spells(lost: ArrayLike, held: ArrayLike) -> Fit:
    """Maximum-likelihood (alpha, beta) from contracts that began at different times; see `spells_log_likelihood`.

    InsufficientData with fewer than two renewals seen or nobody lost; FitRejected as `optimise.maximise`.
    """
    left, still = floats("lost", lost), floats("held", held)
    if len(left) < 2:
        raise InsufficientData("Renewal periods observed", have=len(left), need=2)
    if not left.sum():
        raise InsufficientData("Contracts that were not renewed", have=0, need=1)
    customers = int(left.sum() + still.sum())
    return maximise(differenced(lambda p: spells_log_likelihood(p, left, still)), NAMES, customers)


def fit(survivors: ArrayLike) -> Fit:
    """Maximum-likelihood (alpha, beta) from one cohort.

    survivors: customers left after 0, 1, ..., k renewals, not increasing. InsufficientData with fewer than
    two renewals or nobody lost; FitRejected as `optimise.maximise`.
    """
    left = floats("survivors", survivors)
    if len(left) < 3:
        raise InsufficientData("Renewal periods of the cohort", have=len(left) - 1, need=2)
    refuse("survivors", left, left < 0, "count customers, 0 or more")
    refuse("survivors", left, np.diff(left, prepend=np.inf) > 0, "it cannot exceed the survivors before it")
    if left[0] == left[-1]:
        raise InsufficientData("Customers lost in the cohort", have=0, need=1)
    return maximise(differenced(lambda p: log_likelihood(p, left)), NAMES, int(left[0]))


def survival(p: Parameters, periods: ArrayLike) -> Floats:
    """Share of a cohort left after each number of renewals, the shape of `periods`, each 0 or more."""
    alpha, beta = parameters(NAMES, p)
    t = floats("periods", periods)
    refuse("periods", t, t < 0, "count renewals, 0 or more")
    left: Floats = np.exp(betaln(alpha, beta + t) - betaln(alpha, beta))
    return left


def retention(p: Parameters, periods: ArrayLike) -> Floats:
    """Chance (beta + t - 1)/(alpha + beta + t - 1) to renew at the t-th renewal, t >= 1; it rises with t."""
    alpha, beta = parameters(NAMES, p)
    t = floats("periods", periods)
    refuse("periods", t, t < 1, "renewals are counted from 1")
    renewed: Floats = (beta + t - 1) / (alpha + beta + t - 1)
    return renewed


def residual_value(p: Parameters, margin: float, rate: float, renewals: ArrayLike) -> Floats:
    """Value at the end of period n, before its renewal is known, of a customer who renewed n - 1 times.

    margin per period, rate per period (above 0); `renewals` holds n >= 1. Equation of Fader & Hardie (2010, CLV in
    contractual settings): m (beta + n - 1)/(alpha + beta + n - 1) F(1, beta + n; alpha + beta + n; 1/(1 + d)).
    """
    renewed, n = retention(p, renewals), floats("renewals", renewals)
    alpha, beta = p
    series = gauss(1.0, beta + n, alpha + beta + n, 1 / (1 + discounting("rate", rate)))
    return margin * renewed * series
