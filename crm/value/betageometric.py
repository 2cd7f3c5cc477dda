"""The beta-geometric/NBD family in numerically stable forms: drop-out happens right after a purchase.

Purchases are Poisson with a gamma(r, alpha) rate; after each one the customer leaves with a beta(a, b)
probability. `shift` is 0 for BG/NBD (nobody leaves at the first purchase) and 1 for MBG/NBD (one may).
Given alive at T, the rate is gamma(r + x, alpha + T) and the probability beta(a, b + shift + x), so one
kernel serves both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, expit, gammaln

from crm.value import mixing
from crm.value.arrays import Bools, Floats, Parameters, totals
from crm.value.distinct import distinct
from crm.value.doors import ahead, discounting, parameters, past, standing
from crm.value.history import History
from crm.value.hypergeometric import gauss
from crm.value.optimise import Fit, Objective, maximise
from crm.value.quadrature import NEGLIGIBLE, unit_nodes

NAMES: tuple[str, ...] = ("r", "alpha", "a", "b")
_NEAR_POLE = 1e-4
_NODES = 48
_STEEP = 40.0


def log_odds_dead(p: Parameters, shift: int, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """log(P(dead) / P(alive)), shape (n,); minus infinity where nobody can have left yet."""
    r, alpha, a, b = p
    chances = x + shift
    odds = (
        np.log(a) - np.log(np.where(chances > 0, b + chances - 1, 1.0)) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
    )
    return np.where(chances > 0, odds, -np.inf)


def log_likelihood(p: Parameters, shift: int, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Log-likelihood of each customer, shape (n,)."""
    p, (x, t_x, T) = parameters(NAMES, p), past(x, t_x, T)
    r, alpha, a, b = p
    purchases: Floats = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)
    stayed: Floats = betaln(a, b + shift + x) - betaln(a, b)
    return purchases + stayed + np.logaddexp(0.0, log_odds_dead(p, shift, x, t_x, T))


def p_alive(p: Parameters, shift: int, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T), shape (n,), in [0, 1]."""
    p, (x, t_x, T) = parameters(NAMES, p), past(x, t_x, T)
    alive: Floats = expit(-log_odds_dead(p, shift, x, t_x, T))
    return alive


def fit(history: History, shift: int, counts: Floats | None = None, start: Floats | None = None) -> Fit:
    """Maximum-likelihood fit; `counts` (shape (n,)) says how many customers each row stands for."""
    scale = 10 / max(float(history.T.max()), 1e-12)
    counts = np.ones(len(history)) if counts is None else counts
    scaled = (history.x, history.t_x * scale, history.T * scale)
    units = np.array([1.0, scale, 1.0, 1.0])
    rescaled = float(counts @ history.x) * float(np.log(scale))
    evaluate = objective(*scaled, counts, shift)
    return maximise(evaluate, NAMES, int(counts.sum()), start=start, units=units, shift=rescaled)


def objective(x: Floats, t_x: Floats, T: Floats, counts: Floats, shift: int) -> Objective:
    """The summed log-likelihood and its analytic gradient as a function of (r, alpha, a, b)."""
    by_x = distinct(x)
    (xs,) = by_x.columns
    of_x = totals(by_x.index, counts)
    total = float(counts.sum())

    def rate(r: float, a: float, b: float) -> tuple[float, Floats]:
        stay = b + shift + xs
        value = gammaln(r + xs) - gammaln(r) + betaln(a, stay) - betaln(a, b)
        leave = digamma(a + b) - digamma(a + stay)
        slopes = (digamma(r + xs) - digamma(r), leave, digamma(stay) - digamma(b) + leave)
        return float(of_x @ value), np.array([of_x @ slope for slope in slopes])

    def evaluate(p: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = map(float, p)
        odds = log_odds_dead(p, shift, x, t_x, T)
        dead = counts * expit(odds)
        late, early = np.log(alpha + T), np.log(alpha + t_x)
        value, (by_r, by_a, by_b) = rate(r, a, b)
        value += total * r * np.log(alpha) - counts @ ((r + x) * late) + counts @ np.logaddexp(0.0, odds)
        by_r += total * np.log(alpha) - counts @ late + dead @ (late - early)
        by_alpha = total * r / alpha + (r + x) @ (dead * (1 / (alpha + T) - 1 / (alpha + t_x)) - counts / (alpha + T))
        leavable = x + shift > 0
        by_b -= float(np.sum(dead[leavable] / (b + shift + x[leavable] - 1)))
        return float(value), np.array([by_r, by_alpha, by_a + dead.sum() / a, by_b])

    return evaluate


def purchases_if_alive(p: Parameters, shift: int, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected purchases in (T, T + t] of a customer alive at T; `t` broadcasts against x.

    Euler transform of equation 10 of Fader, Hardie & Lee (2005). Near a = 1 and near a + b + x = 1 that
    form is 0/0, so there the expected purchase rate is integrated instead.
    """
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha, a, b = p
    total = a + b + shift + x - 1
    closed = (np.abs(a - 1) > _NEAR_POLE) & (total > 1e-2)
    z = t / (alpha + T + t)
    with np.errstate(all="ignore"):
        series = gauss(a + b + shift - 1 - r, a - 1, total, z)
        value: Floats = total / (a - 1) * (1 - np.exp((a - 1) * np.log1p(-z)) * series)
    if not np.all(closed):
        value = np.where(closed, value, _integrated_purchases(p, shift, t, x, T))
    # Nobody buys more than one who never leaves.
    most = (r + x) * t / (alpha + T)
    return _mended(value, ~((value >= 0) & (value <= most * (1 + 1e-9))), mixing.buying, p, shift, t, x, T)


def _integrated_purchases(p: Parameters, shift: int, t: Floats, x: Floats, T: Floats) -> Floats:
    r, alpha = p[0], p[1]
    until = np.log1p(t / (alpha + T))
    u, w = unit_nodes(_NODES)
    v = until[..., None] * u
    rate = _rate(p, shift, v, x[..., None])
    total: Floats = (r + x) * until * ((rate * np.exp(v)) @ w)
    checked: Floats = np.where(_steep(p, shift, until, x), np.nan, total)
    return checked


def _steep(p: Parameters, shift: int, until: Floats, x: Floats) -> Bools:
    """Where so many leave so early that the nodes between now and `until` would miss it."""
    r, _, a, b = p
    steep: Bools = (r + x) * until * a / (a + b + shift + x) > _STEEP
    return steep


def _mended(
    value: Floats, wrong: Bools, kernel: mixing.Kernel, p: Parameters, shift: int, t: Floats, x: Floats, T: Floats
) -> Floats:
    """The values, with those that are `wrong` taken from the slow form; in practice none is.

    The hypergeometric function fails for parameters in the hundreds, of customers who hardly differ in leaving.
    """
    if not wrong.any():
        return value
    r, alpha, a, b = p
    x, time = (np.broadcast_to(each, value.shape)[wrong] for each in (x, t / (alpha + T)))
    mended = value.copy()
    mended[wrong] = mixing.mean(kernel, float(a), b + shift + x, r + x, time)
    return mended


def _rate(p: Parameters, shift: int, v: Floats, x: Floats) -> Floats:
    """Expected purchase rate at T + t relative to that at T, with v = log(1 + t / (alpha + T))."""
    return _mean_power(p, shift, v, x, 1)


def _mean_power(p: Parameters, shift: int, v: Floats, x: Floats, more: int) -> Floats:
    """Mean of (1 + q (e^v - 1))^-(r + x + more) over the chance q to leave; with `more` = 0, P(still there)."""
    r, _, a, b = p
    power = _power(p, shift, v, x, more)
    return _mended(power, np.isnan(power), mixing.staying, (r + more, 1.0, a, b), shift, np.expm1(v), x, np.zeros(1))


def _power(p: Parameters, shift: int, v: Floats, x: Floats, more: int) -> Floats:
    """`_mean_power` by the hypergeometric form, NaN where that fails."""
    r, _, a, b = p
    with np.errstate(all="ignore"):
        power = np.exp(-a * v) * gauss(a, a + b + shift - r - more, a + b + shift + x, -np.expm1(-v))
    held: Floats = np.where((power >= 0) & (power <= 1 + 1e-9), power, np.nan)
    return held


def survival_if_alive(p: Parameters, shift: int, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T + t) of a customer alive at T: the mean of exp(-rate x drop-out x t) over both mixtures."""
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    return _mean_power(p, shift, np.log1p(t / (p[1] + T)), x, 0)


def lifetime_if_alive(p: Parameters, shift: int, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected time alive within (T, T + t] of a customer alive at T, in the unit of T."""
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    alpha = p[1]
    until = np.log1p(t / (alpha + T))
    u, w = unit_nodes(_NODES)
    v = until[..., None] * u
    # One slow mean for a customer where the form fails, not one for each of the nodes.
    spent: Floats = until * ((_power(p, shift, v, x[..., None], 0) * np.exp(v)) @ w)
    wrong = np.isnan(spent) | _steep(p, shift, until, x)
    time: Floats = (alpha + T) * _mended(spent, wrong, mixing.lasting, p, shift, t, x, T)
    return time


def purchase_within_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(at least one purchase in (T, T + t]) of a customer alive at T; leaving cannot come before the
    purchase.
    """
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha = p[0], p[1]
    chance: Floats = -np.expm1(-(r + x) * np.log1p(t / (alpha + T)))
    return chance


def residual_if_alive(p: Parameters, shift: int, delta: float, x: ArrayLike, T: ArrayLike) -> Floats:
    """Discounted expected purchases from T on, without end, of a customer alive at T.

    `delta` is the continuous discount rate per unit of T. The expected rate is integrated over v = log(1 +
    t/(alpha+T)), where both the rate and the discount are smooth.
    """
    p, delta, (x, T) = parameters(NAMES, p), discounting("delta", delta), standing(x, T)
    r, alpha = p[0], p[1]
    until = np.log1p(NEGLIGIBLE / (delta * (alpha + T)))
    u, w = unit_nodes(_NODES)
    v = until[..., None] * u
    discount = np.exp(v - delta * (alpha + T)[..., None] * np.expm1(v))
    value: Floats = (r + x) * until * ((discount * _rate(p, shift, v, x[..., None])) @ w)
    return value


def square_if_alive(p: Parameters, shift: int, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected SQUARE of the number of purchases in (T, T + t] of a customer alive at T.

    E[Y(Y-1)] is twice the integral of u times the rate of a second purchase at u, E[(1-p) rate^2 exp(-rate
    p u)].
    """
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha, a, b = p
    until = np.log1p(t / (alpha + T))
    u, w = unit_nodes(24)
    v = until[..., None] * u
    stay = b + shift + x
    with np.errstate(all="ignore"):
        series = gauss(a, a + b + shift - r - 1, (a + stay + 1)[..., None], -np.expm1(-v))
        pairs = (r + x) * (r + x + 1) * stay / (a + stay) * until * ((np.expm1(v) * np.exp((1 - a) * v) * series) @ w)
    wrong = ~(pairs >= 0) | (pairs == np.inf) | _steep(p, shift, until, x)
    square: Floats = purchases_if_alive(p, shift, t, x, T) + _mended(
        2 * pairs, wrong, mixing.pairing, p, shift, t, x, T
    )
    return square
