"""Customer lifetime value put together: purchases to come, times what each brings, plus what was earned."""

from __future__ import annotations

from crm.value.arrays import Floats, Parameters, fraction
from crm.value.discount import Horizon, continuous_rate
from crm.value.errors import InsufficientData
from crm.value.models import PurchaseModel


def residual_value(discounted_purchases: Floats, spend: Floats, margin_rate: float | Floats) -> Floats:
    """Predicted CLV, shape (n,), in money of today: purchases (discounted) x spend per purchase x margin rate.

    margin_rate: share of revenue that is margin, one for all or shape (n,); negative for customers served at a loss.
    """
    value: Floats = discounted_purchases * spend * margin_rate
    return value


def total_value(historical: Floats, residual: Floats) -> Floats:
    """Profit made so far plus predicted CLV, shape (n,): the first is a fact, the second a forecast."""
    return historical + residual


def value_of_a_new_customer(
    model: PurchaseModel, p: Parameters, horizon: Horizon, spend: float, margin_rate: float
) -> float:
    """What a customer is worth before the first purchase: the most that winning one may cost.

    The first purchase counts in full now, those to follow are discounted; `spend` is the mean over all customers.
    """
    if horizon.periods is None:
        delta = continuous_rate(horizon.annual_rate, horizon.units_per_year)
        return (1 + model.residual_new(p, delta)) * spend * margin_rate
    expected = model.expected_new(p, horizon.ends)
    repeats = expected[0] * horizon.factors[0] + float((expected[1:] - expected[:-1]) @ horizon.factors[1:])
    return float((1 + repeats) * spend * margin_rate)


def equity(residual: Floats) -> float:
    """Customer equity: the sum of predicted CLV, losses included; InsufficientData without customers."""
    if not len(residual):
        raise InsufficientData("Customers with a predicted value", have=0, need=1)
    return float(residual.sum())


def allowable_retention_spend(residual: Floats, churn_risk: Floats, saved_share: float) -> Floats:
    """The most that an action to keep a customer may cost, shape (n,).

    residual: predicted CLV, which already holds the chance to stay. churn_risk: within the horizon. saved_share: which
    part of those who would leave the action keeps. A kept customer is worth residual / (1 - risk).
    """
    fraction("saved_share", saved_share)
    stays = 1 - churn_risk
    kept: Floats = residual.clip(min=0) * churn_risk * saved_share / stays.clip(min=1e-9)
    return kept.clip(max=residual.clip(min=0))
