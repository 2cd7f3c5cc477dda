"""What each customer will do next under a fitted model, evaluated once per distinct history."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Parameters
from crm.value.discount import Horizon, continuous_rate
from crm.value.history import History
from crm.value.models import PurchaseModel


def p_alive(model: PurchaseModel, p: Parameters, history: History) -> Floats:
    """P(still a customer at T), shape (n,)."""
    return history.triples.once(partial(model.p_alive, p))


def expected_purchases(
    model: PurchaseModel, p: Parameters, history: History, t: float, alive: Floats | None = None
) -> Floats:
    """Expected purchases in (T, T + t], shape (n,); t in the unit of T. Pass `alive` when it is known
    already.
    """
    return _times_alive(model, p, history, alive) * history.pairs.once(partial(model.purchases_if_alive, p, t))


@dataclass(frozen=True)
class Counts:
    """Purchases in (T, T + t], shape (n,): the chance of any, and mean and variance of their number if any."""

    chance: Floats
    mean: Floats
    variance: Floats


def purchase_counts(
    model: PurchaseModel, p: Parameters, history: History, t: float, alive: Floats | None = None
) -> Counts:
    """How many purchases there can be in (T, T + t]: the posterior of rate and leaving, with chance on top."""
    pairs = history.pairs
    mean, square, within = (
        pairs.once(partial(function, p, t))
        for function in (model.purchases_if_alive, model.square_if_alive, model.purchase_within_if_alive)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, square = np.maximum(mean / within, 1.0), square / within
    chance = _times_alive(model, p, history, alive) * within
    return Counts(chance, mean, np.maximum(square - mean**2, 0.0))


def churn_risk(model: PurchaseModel, p: Parameters, history: History, t: float, alive: Floats | None = None) -> Floats:
    """P(not a customer any more at T + t), shape (n,); at t = 0 it is 1 - P(alive)."""
    stays = history.pairs.once(partial(model.survival_if_alive, p, t))
    return 1 - _times_alive(model, p, history, alive) * stays


def expected_lifetime(
    model: PurchaseModel, p: Parameters, history: History, t: float, alive: Floats | None = None
) -> Floats:
    """Expected time as a customer within (T, T + t], shape (n,), in the unit of T; at most t."""
    return _times_alive(model, p, history, alive) * history.pairs.once(partial(model.lifetime_if_alive, p, t))


def next_purchase_after(p: Parameters, history: History, quantile: float) -> Floats:
    """Time after T by which the next purchase has come with probability `quantile`, shape (n,), in the unit
    of T.

    Given that the customer is alive and does not leave first: (alpha + T)((1 - u)^(-1/(r + x)) - 1), the
    same in all models, whose first two parameters are r and alpha. Infinite where the number is too large
    for a float.
    """
    if not 0 < quantile < 1:
        raise ValidationFailed(f"quantile is {quantile:g}: choose one between 0 and 1.", path=("quantile",))
    r, alpha = p[0], p[1]
    with np.errstate(over="ignore"):
        wait: Floats = (alpha + history.T) * np.expm1(-np.log1p(-quantile) / (r + history.x))
    return wait


def discounted_purchases(
    model: PurchaseModel,
    p: Parameters,
    history: History,
    horizon: Horizon,
    alive: Floats | None = None,
) -> Floats:
    """Present value of the purchases to come, counted in purchases, shape (n,): times margin per purchase
    it is CLV.
    """
    return _times_alive(model, p, history, alive) * history.pairs.once(partial(_discounted, model, p, horizon))


def _discounted(model: PurchaseModel, p: Parameters, horizon: Horizon, x: Floats, T: Floats) -> Floats:
    if horizon.periods is None:
        delta = continuous_rate(horizon.annual_rate, horizon.units_per_year)
        return model.residual_if_alive(p, delta, x, T)
    expected = model.purchases_if_alive(p, horizon.ends, x[:, None], T[:, None])
    value: Floats = np.diff(expected, axis=1, prepend=0.0) @ horizon.factors
    return value


def _times_alive(model: PurchaseModel, p: Parameters, history: History, alive: Floats | None) -> Floats:
    return p_alive(model, p, history) if alive is None else alive
