"""Pareto/NBD: Poisson purchases until an unobserved exponential lifetime ends (Schmittlein, Morrison &
Colombo 1987).

Rates are gamma(r, alpha), drop-out rates gamma(s, beta). The published likelihood is a difference of
hypergeometric functions (Fader & Hardie, note 009); here the integral behind it is taken directly. Its
integrand is positive and smooth, so nothing cancels or overflows at any number of purchases, and the
gradient comes from the same nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, expit, exprel, gammaln

from crm.value.arrays import Floats, Parameters, totals
from crm.value.distinct import CHUNK, distinct
from crm.value.doors import ahead, discounting, parameters, past, standing
from crm.value.history import History
from crm.value.optimise import Fit, Objective, maximise
from crm.value.quadrature import NEGLIGIBLE, unit_nodes

NAMES: tuple[str, ...] = ("r", "alpha", "s", "beta")
_NODES = 40
_FIT_NODES = 20


class _Lifetime(NamedTuple):
    """When a customer that is dead at T left: log-odds of dead to alive, and means over the time of
    leaving.
    """

    log_odds: Floats
    log_alpha: Floats  # mean of log((alpha + tau) / (alpha + t_x))
    log_beta: Floats
    inverse_alpha: Floats  # mean of 1 / (alpha + tau)
    inverse_beta: Floats


def _grid(p: Parameters, x: Floats, t_x: Floats, T: Floats, nodes: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Node weights (n, k) relative to the density at t_x, log ratios of alpha + tau and beta + tau, and the
    width.

    The variable is v = log(m + tau) with m the smaller of alpha and beta; the upper end is cut where the
    integrand has fallen by e^-40.
    """
    r, alpha, s, beta = p
    least = min(alpha, beta)
    with np.errstate(over="ignore", divide="ignore"):
        by_rate = (alpha + t_x) * np.expm1(NEGLIGIBLE / np.maximum(r + x - 1, 1e-9))
        by_leaving = (beta + t_x) * np.expm1(np.minimum(NEGLIGIBLE / s, 700.0))
    length = np.minimum(np.minimum(T - t_x, by_rate), by_leaving)
    width = np.log1p(length / (least + t_x))
    u, w = unit_nodes(nodes)
    v = width[..., None] * u
    gone = (least + t_x)[..., None] * np.expm1(v)
    log_alpha = v if alpha <= beta else np.log1p(gone / (alpha + t_x)[..., None])
    log_beta = v if beta <= alpha else np.log1p(gone / (beta + t_x)[..., None])
    density = w * np.exp(v - (r + x)[..., None] * log_alpha - (s + 1) * log_beta)
    return density, log_alpha, log_beta, width


def log_odds_dead(p: Parameters, x: Floats, t_x: Floats, T: Floats, nodes: int = _NODES) -> Floats:
    """log(P(dead) / P(alive)), shape (n,); minus infinity where T = t_x."""
    density, _, _, width = _grid(p, x, t_x, T, nodes)
    return _log_odds(p, x, t_x, T, density.sum(axis=-1), width)


def _log_odds(p: Parameters, x: Floats, t_x: Floats, T: Floats, mass: Floats, width: Floats) -> Floats:
    r, alpha, s, beta = p
    silence = T - t_x
    with np.errstate(divide="ignore"):
        inside = np.log(mass * width)
    odds: Floats = (
        np.log(s)
        + inside
        + np.log((min(alpha, beta) + t_x) / (beta + t_x))
        + (r + x) * np.log1p(silence / (alpha + t_x))
        + s * np.log1p(silence / (beta + t_x))
    )
    return odds


def _lifetime(p: Parameters, x: Floats, t_x: Floats, T: Floats) -> _Lifetime:
    _, alpha, _, beta = p
    density, log_alpha, log_beta, width = _grid(p, x, t_x, T, _FIT_NODES)
    mass = density.sum(axis=1)
    share = density / mass[:, None]
    return _Lifetime(
        _log_odds(p, x, t_x, T, mass, width),
        np.einsum("ij,ij->i", share, log_alpha),
        np.einsum("ij,ij->i", share, log_beta),
        np.einsum("ij,ij->i", share, np.exp(-log_alpha)) / (alpha + t_x),
        np.einsum("ij,ij->i", share, np.exp(-log_beta)) / (beta + t_x),
    )


def log_likelihood(p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Log-likelihood of each customer, shape (n,); p = (r, alpha, s, beta)."""
    p, (x, t_x, T) = parameters(NAMES, p), past(x, t_x, T)
    r, alpha, s, beta = p
    purchases: Floats = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)
    whole: Floats = purchases - s * np.log1p(T / beta) + np.logaddexp(0.0, log_odds_dead(p, x, t_x, T))
    return whole


def fit(history: History, counts: Floats | None = None, start: Floats | None = None) -> Fit:
    """Maximum-likelihood (r, alpha, s, beta), alpha and beta in the unit of T.

    `counts` (shape (n,)) says how many customers each row stands for. FitRejected as `optimise.maximise`.
    """
    scale = 10 / max(float(history.T.max()), 1e-12)
    counts = np.ones(len(history)) if counts is None else counts
    units = np.array([1.0, scale, 1.0, scale])
    evaluate = objective(history.x, history.t_x * scale, history.T * scale, counts)
    rescaled = float(counts @ history.x) * float(np.log(scale))
    return maximise(evaluate, NAMES, int(counts.sum()), start=start, units=units, shift=rescaled)


def objective(x: Floats, t_x: Floats, T: Floats, counts: Floats) -> Objective:
    """The summed log-likelihood and its analytic gradient as a function of (r, alpha, s, beta)."""
    by_x = distinct(x)
    (xs,) = by_x.columns
    of_x = totals(by_x.index, counts)

    def evaluate(p: Floats) -> tuple[float, Floats]:
        r = float(p[0])
        value = float(of_x @ (gammaln(r + xs) - gammaln(r)))
        slopes = np.array([float(of_x @ (digamma(r + xs) - digamma(r))), 0.0, 0.0, 0.0])
        for first in range(0, len(x), CHUNK):
            rows = slice(first, first + CHUNK)
            part, slope = _times(p, x[rows], t_x[rows], T[rows], counts[rows])
            value += part
            slopes += slope
        return value, slopes

    return evaluate


def _times(p: Floats, x: Floats, t_x: Floats, T: Floats, counts: Floats) -> tuple[float, Floats]:
    r, alpha, s, beta = map(float, p)
    left = _lifetime(p, x, t_x, T)
    dead = counts * expit(left.log_odds)
    late_alpha, late_beta = np.log(alpha + T), np.log(beta + T)
    per_customer = (
        r * np.log(alpha) + s * np.log(beta) - (r + x) * late_alpha - s * late_beta + np.logaddexp(0.0, left.log_odds)
    )
    gone_alpha = np.log1p((T - t_x) / (alpha + t_x)) - left.log_alpha
    gone_beta = np.log1p((T - t_x) / (beta + t_x)) - left.log_beta
    by_r = counts @ (np.log(alpha) - late_alpha) + dead @ gone_alpha
    by_s = counts @ (np.log(beta) - late_beta) + dead @ (1 / s + gone_beta)
    by_alpha = counts @ (r / alpha - (r + x) / (alpha + T)) + dead @ ((r + x) * (1 / (alpha + T) - left.inverse_alpha))
    by_beta = counts @ (s / beta - s / (beta + T)) + dead @ (s / (beta + T) - (s + 1) * left.inverse_beta)
    return float(counts @ per_customer), np.array([by_r, by_alpha, by_s, by_beta])


def p_alive(p: Parameters, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T), shape (n,), in [0, 1]."""
    p, (x, t_x, T) = parameters(NAMES, p), past(x, t_x, T)
    alive: Floats = expit(-log_odds_dead(p, x, t_x, T))
    return alive


def lifetime_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected time alive within (T, T + t] of a customer alive at T; smooth through s = 1."""
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    _, _, s, beta = p
    v = np.log1p(t / (beta + T))
    time: Floats = (beta + T) * v * exprel((1 - s) * v)
    return time


def purchases_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected purchases in (T, T + t] of a customer alive at T; `t` broadcasts against x (note 005,
    equation 22).
    """
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha = p[0], p[1]
    bought: Floats = (r + x) / (alpha + T) * lifetime_if_alive(p, t, x, T)
    return bought


def square_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected squared number of purchases in (T, T + t] of a customer alive at T.

    Poisson over the time alive m: E[rate] E[m] + E[rate^2] E[m^2], the two being independent given the
    history.
    """
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha, s, beta = p
    v = np.log1p(t / (beta + T))
    time_squared = 2 * (beta + T) ** 2 * v * (exprel((2 - s) * v) - exprel((1 - s) * v))
    rate_squared = (r + x) * (r + x + 1) / (alpha + T) ** 2
    square: Floats = purchases_if_alive(p, t, x, T) + rate_squared * time_squared
    return square


def survival_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(alive at T + t) of a customer alive at T."""
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    _, _, s, beta = p
    alive: Floats = np.exp(-s * np.log1p(t / (beta + T)))
    return alive


def purchase_within_if_alive(p: Parameters, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """P(at least one purchase in (T, T + t]) of a customer alive at T, who may leave before it."""
    p, t, (x, T) = parameters(NAMES, p), ahead(t), standing(x, T)
    r, alpha, s, beta = p
    until = np.minimum(np.log1p(t / (alpha + T)), NEGLIGIBLE / (r + x))
    u, w = unit_nodes(_NODES)
    v = until[..., None] * u
    stays = np.log1p(((alpha + T) / (beta + T))[..., None] * np.expm1(v))
    chance: Floats = (r + x) * until * (np.exp(-(r + x)[..., None] * v - s * stays) @ w)
    return chance


def residual_if_alive(p: Parameters, delta: float, x: ArrayLike, T: ArrayLike) -> Floats:
    """Discounted expected purchases without end of a customer alive at T: DERT without P(alive).

    `delta` is the continuous discount rate per unit of T. Equal to the Tricomi form of Fader, Hardie & Lee
    (2005, RFM and CLV), as the discounted integral of ((beta + T) / (beta + T + t))^s.
    """
    p, delta, (x, T) = parameters(NAMES, p), discounting("delta", delta), standing(x, T)
    r, alpha, s, beta = p
    start = delta * (beta + T)
    until = np.minimum(np.log1p(NEGLIGIBLE / start), NEGLIGIBLE / max(s - 1, 1e-9))
    u, w = unit_nodes(_NODES)
    v = until[..., None] * u
    discounted = np.exp((1 - s) * v - start[..., None] * np.expm1(v)) @ w
    value: Floats = (r + x) / (alpha + T) * (beta + T) * until * discounted
    return value


def expected_new(p: Parameters, t: ArrayLike) -> Floats:
    """Expected repeat purchases of a customer in the time t after the first purchase; shape of t."""
    time = ahead(t)
    return purchases_if_alive(p, time, np.zeros_like(time), np.zeros_like(time))


def residual_new(p: Parameters, delta: float) -> float:
    """Discounted expected repeat purchases of a customer just acquired (DET); add 1 if the first is still
    to come.
    """
    return float(residual_if_alive(p, delta, np.zeros(1), np.zeros(1))[0])
