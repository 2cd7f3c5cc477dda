"""BG/BB: yes or no in each period, as donations or yearly visits (Fader, Hardie & Shang 2010)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, logsumexp

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Parameters, columns, refuse
from crm.value.doors import discounting, parameters
from crm.value.hypergeometric import gauss
from crm.value.optimise import Fit, differenced, maximise

NAMES: tuple[str, ...] = ("alpha", "beta", "gamma", "delta")


def log_likelihood(p: Parameters, x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> Floats:
    """Log-likelihood, shape (m,), of x transactions, the last in period t_x, within n periods.

    p = (alpha, beta, gamma, delta); 0 <= x <= t_x <= n, whole numbers. ValidationFailed on impossible rows.
    """
    return _log_likelihood(parameters(NAMES, p), *_past(x, t_x, n))


def _past(x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    x, t_x, n = columns(x=x, t_x=t_x, n=n)
    refuse("x", x, (x < 0) | (x != np.floor(x)), "count transactions, 0 or more")
    refuse("n", n, (n < 0) | (n != np.floor(n)), "count periods, 0 or more")
    refuse("t_x", t_x, (t_x > n) | (x > t_x) | (t_x != np.floor(t_x)), "number the last period, between x and n")
    refuse("t_x", t_x, (x == 0) & (t_x > 0), "without a transaction it is 0")
    return x, t_x, n


def _log_likelihood(p: Parameters, x: Floats, t_x: Floats, n: Floats) -> Floats:
    alpha, beta, gamma, delta = p
    steps = np.arange(int((n - t_x).max(initial=0)))
    waited = t_x[:, None] + steps
    left = betaln(alpha + x[:, None], beta + waited - x[:, None]) + betaln(gamma + 1, delta + waited)
    left = np.where(steps < (n - t_x)[:, None], left, -np.inf)
    stayed = betaln(alpha + x, beta + n - x) + betaln(gamma, delta + n)
    total = logsumexp(np.column_stack([stayed, left]), axis=1)
    value: Floats = total - betaln(alpha, beta) - betaln(gamma, delta)
    return value


def fit(x: ArrayLike, t_x: ArrayLike, n: ArrayLike, counts: Floats | None = None) -> Fit:
    """Maximum-likelihood (alpha, beta, gamma, delta); `counts` says how many customers each row stands for.

    ValidationFailed on impossible rows; FitRejected as `optimise.maximise`.
    """
    x, t_x, n = _past(x, t_x, n)
    counts = np.ones(len(x)) if counts is None else counts
    return maximise(differenced(lambda p: float(counts @ _log_likelihood(p, x, t_x, n))), NAMES, int(counts.sum()))


def p_alive(p: Parameters, x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> Floats:
    """P(alive in period n + 1), shape (m,) (equation 11)."""
    x, t_x, n = _past(x, t_x, n)
    return _given(parameters(NAMES, p), x, t_x, n, n + 1)


def _given(p: Parameters, x: Floats, t_x: Floats, n: Floats, until: Floats) -> Floats:
    alpha, beta, gamma, delta = p
    joint = betaln(alpha + x, beta + n - x) - betaln(alpha, beta) + betaln(gamma, delta + until) - betaln(gamma, delta)
    alive: Floats = np.exp(joint - _log_likelihood(p, x, t_x, n))
    return alive


def expected(p: Parameters, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, periods: int) -> Floats:
    """Expected transactions in the next `periods` periods, shape (m,) (equation 13, summed, so smooth at
    gamma = 1).
    """
    x, t_x, n = _past(x, t_x, n)
    alpha, beta, _, _ = parameters(NAMES, p)
    total = np.zeros(len(x))
    for step in range(1, _counted(periods) + 1):
        total += _given(p, x, t_x, n, n + step)
    transactions: Floats = total * (alpha + x) / (alpha + beta + n)
    return transactions


def _counted(periods: int) -> int:
    if periods < 0:
        raise ValidationFailed(f"periods is {periods}: give 0 or more.", path=("periods",))
    return periods


def expected_new(p: Parameters, periods: int) -> Floats:
    """Expected transactions of a new customer in the first 1, 2, ..., `periods` periods, shape (periods,)."""
    alpha, beta, gamma, delta = parameters(NAMES, p)
    alive = np.exp(betaln(gamma, delta + np.arange(1, _counted(periods) + 1)) - betaln(gamma, delta))
    transactions: Floats = alpha / (alpha + beta) * np.cumsum(alive)
    return transactions


def discounted(p: Parameters, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, rate: float) -> Floats:
    """Discounted expected residual transactions without end (DERT), shape (m,) (equation 14).

    `rate` per period, above 0.
    """
    x, t_x, n = _past(x, t_x, n)
    alpha, beta, gamma, delta = parameters(NAMES, p)
    rate = discounting("rate", rate)
    next_period = _given(p, x, t_x, n, n + 1) * (alpha + x) / (alpha + beta + n)
    series: Floats = gauss(1.0, delta + n + 1, gamma + delta + n + 1, 1 / (1 + rate))
    worth: Floats = next_period * series / (1 + rate)
    return worth
