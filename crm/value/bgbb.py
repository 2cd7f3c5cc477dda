"""BG/BB: yes or no in each period, as donations or yearly visits (Fader, Hardie & Shang 2010)."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, logsumexp

from crm.value.arrays import Floats, Parameters, refuse, same_length
from crm.value.hypergeometric import gauss
from crm.value.optimise import Fit, differenced, maximise

NAMES: tuple[str, ...] = ("alpha", "beta", "gamma", "delta")


def log_likelihood(p: Parameters, x: Floats, t_x: Floats, n: Floats) -> Floats:
    """Log-likelihood, shape (m,), of x transactions, the last in period t_x, within n periods.

    p = (alpha, beta, gamma, delta); 0 <= x <= t_x <= n, whole numbers.
    """
    alpha, beta, gamma, delta = p
    steps = np.arange(int((n - t_x).max(initial=0)))
    waited = t_x[:, None] + steps
    left = betaln(alpha + x[:, None], beta + waited - x[:, None]) + betaln(gamma + 1, delta + waited)
    left = np.where(steps < (n - t_x)[:, None], left, -np.inf)
    stayed = betaln(alpha + x, beta + n - x) + betaln(gamma, delta + n)
    total = logsumexp(np.column_stack([stayed, left]), axis=1)
    value: Floats = total - betaln(alpha, beta) - betaln(gamma, delta)
    return value


def fit(x: Floats, t_x: Floats, n: Floats, counts: Floats | None = None) -> Fit:
    """Maximum-likelihood (alpha, beta, gamma, delta); `counts` says how many customers each row stands for.

    ValidationFailed on impossible rows; FitRejected as `optimise.maximise`.
    """
    same_length(x=x, t_x=t_x, n=n)
    refuse("t_x", t_x, (t_x > n) | (x > t_x), "it must lie between x and n")
    counts = np.ones(len(x)) if counts is None else counts
    return maximise(differenced(lambda p: float(counts @ log_likelihood(p, x, t_x, n))), NAMES, int(counts.sum()))


def p_alive(p: Parameters, x: Floats, t_x: Floats, n: Floats) -> Floats:
    """P(alive in period n + 1), shape (m,) (equation 11)."""
    return _given(p, x, t_x, n, n + 1)


def _given(p: Parameters, x: Floats, t_x: Floats, n: Floats, until: Floats) -> Floats:
    alpha, beta, gamma, delta = p
    joint = betaln(alpha + x, beta + n - x) - betaln(alpha, beta) + betaln(gamma, delta + until) - betaln(gamma, delta)
    alive: Floats = np.exp(joint - log_likelihood(p, x, t_x, n))
    return alive


def expected(p: Parameters, x: Floats, t_x: Floats, n: Floats, periods: int) -> Floats:
    """Expected transactions in the next `periods` periods, shape (m,) (equation 13, summed, so smooth at
    gamma = 1).
    """
    alpha, beta, _, _ = p
    total = np.zeros(len(x))
    for step in range(1, periods + 1):
        total += _given(p, x, t_x, n, n + step)
    return total * (alpha + x) / (alpha + beta + n)


def expected_new(p: Parameters, periods: int) -> Floats:
    """Expected transactions of a new customer in the first 1, 2, ..., `periods` periods, shape (periods,)."""
    alpha, beta, gamma, delta = p
    alive = np.exp(betaln(gamma, delta + np.arange(1, periods + 1)) - betaln(gamma, delta))
    return alpha / (alpha + beta) * np.cumsum(alive)


def discounted(p: Parameters, x: Floats, t_x: Floats, n: Floats, rate: float) -> Floats:
    """Discounted expected residual transactions without end (DERT), shape (m,); `rate` per period (equation
    14).
    """
    alpha, beta, gamma, delta = p
    next_period = _given(p, x, t_x, n, n + 1) * (alpha + x) / (alpha + beta + n)
    series: Floats = gauss(1.0, delta + n + 1, gamma + delta + n + 1, 1 / (1 + rate))
    return next_period * series / (1 + rate)
