"""What customers would be worth if they stayed longer, bought more, cost less, or if money were dearer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from crm.errors import ValidationFailed
from crm.value import purchases
from crm.value.arrays import Floats, Parameters
from crm.value.discount import Horizon
from crm.value.history import History
from crm.value.models import PurchaseModel

MOST_HAZARD = 25.0
"""One in 7e10 stays. Of those who go sooner only rounding is left of a month's purchases, which nobody may multiply."""


@dataclass(frozen=True)
class Change:
    """What is supposed to be different from now on.

    churn: the rate of leaving is multiplied by it (0.9: a tenth fewer leave in any month). frequency: purchases are
    multiplied by it. margin: added to the margin rate (0.02: two points). cost_to_serve: multiplies its cost.
    discount_rate: another yearly rate, None for the same.
    """

    churn: float = 1.0
    frequency: float = 1.0
    margin: float = 0.0
    cost_to_serve: float = 1.0
    discount_rate: float | None = None

    def __post_init__(self) -> None:
        for name, spoken, least, most in _LIMITS:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ValidationFailed(
                    f"{spoken} is {value:g}: it must lie between {least:g} and {most:g}.", path=(spoken,)
                )


# Names here and in the API, and between what each may lie.
_LIMITS = (
    ("churn", "churn", 0.0, 10.0),
    ("frequency", "frequency", 0.0, 10.0),
    ("margin", "margin", -1.0, 1.0),
    ("cost_to_serve", "costToServe", 0.0, 10.0),
    ("discount_rate", "discountRate", 0.0, 99.0),
)


def future_purchases(model: PurchaseModel, p: Parameters, history: History, horizon: Horizon, change: Change) -> Floats:
    """Discounted purchases to come under a change, shape (n,); with none it is `purchases.discounted_purchases`.

    The hazard of leaving is multiplied in each month: survival S becomes S^churn, and what is bought in a month shrinks
    or grows with it. Whether the customer is alive today stays as it is.
    """
    alive = purchases.p_alive(model, p, history)
    return alive * change.frequency * history.pairs.once(partial(_future, model, p, horizon, change.churn))


def _future(model: PurchaseModel, p: Parameters, horizon: Horizon, churn: float, x: Floats, T: Floats) -> Floats:
    months = monthly(model, p, horizon, x, T)
    if churn != 1.0:
        months = months * np.exp(-(churn - 1) * hazards(model, p, horizon, x, T))
    value: Floats = months @ horizon.factors
    return value


def monthly(model: PurchaseModel, p: Parameters, horizon: Horizon, x: Floats, T: Floats) -> Floats:
    """Purchases expected in each period of the horizon of those alive at T, shape (n, periods)."""
    expected = model.purchases_if_alive(p, horizon.ends, x[:, None], T[:, None])
    return np.maximum(np.diff(expected, axis=1, prepend=0.0), 0.0)


def hazards(model: PurchaseModel, p: Parameters, horizon: Horizon, x: Floats, T: Floats) -> Floats:
    """Cumulative hazard of leaving by the middle of each period, shape (n, periods): -log of survival, not beyond
    MOST_HAZARD.
    """
    middle = horizon.ends - horizon.ends[0] / 2
    survival = model.survival_if_alive(p, middle, x[:, None], T[:, None])
    return -np.log(np.clip(survival, np.exp(-MOST_HAZARD), 1.0))
