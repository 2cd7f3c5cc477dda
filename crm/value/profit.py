"""How profit is spread over customers: the whale curve, concentration and tiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value.arrays import Bools, Floats, Ints, floats, fraction, refuse


@dataclass(frozen=True)
class WhaleCurve:
    """Cumulative profit from the most to the least profitable customer.

    customers: share of customers, 0..1, shape (n + 1,). profit: cumulative money, shape (n + 1,). order:
    customer positions by falling profit, shape (n,). peak: the highest money. peak_at: share of customers
    there. total: the final money. losing: share of customers with a loss. top: money of the best 20%.
    """

    customers: Floats
    profit: Floats
    order: Ints
    peak: float
    peak_at: float
    total: float
    losing: float
    top: float

    @property
    def peak_share(self) -> float | None:
        """Peak over total, 1.4 for 140%; None when the total is not positive: then show money."""
        return self.peak / self.total if self.total > 0 else None

    @property
    def top_share(self) -> float | None:
        """Profit of the best 20% over total; None when the total is not positive."""
        return self.top / self.total if self.total > 0 else None


def whale_curve(profit: ArrayLike) -> WhaleCurve:
    """The whale curve of profits, shape (n,), which may be negative; ValidationFailed when there are none."""
    profit = floats("profit", profit)
    count = len(profit)
    if not count:
        raise ValidationFailed("There are no customers to draw a profit curve of.", path=("profit",))
    order = np.argsort(-profit, kind="stable")
    cumulative = np.concatenate([[0.0], np.cumsum(profit[order])])
    share = np.arange(count + 1) / count
    at = int(np.argmax(cumulative))
    return WhaleCurve(
        share,
        cumulative,
        order,
        float(cumulative[at]),
        float(share[at]),
        float(cumulative[-1]),
        float(np.mean(profit < 0)),
        float(np.interp(0.2, share, cumulative)),
    )


def top_share(values: ArrayLike, share: float = 0.2) -> float | None:
    """What the best `share` of customers hold of the total (Pareto share); None when the total is not positive."""
    values = floats("values", values)
    fraction("share", share)
    total = float(values.sum())
    if total <= 0:
        return None
    cumulative = np.concatenate([[0.0], np.cumsum(np.sort(values)[::-1])])
    return float(np.interp(share * len(values), np.arange(len(values) + 1), cumulative)) / total


def gini(values: ArrayLike) -> float | None:
    """Gini coefficient of values >= 0, shape (n,): 0 when all are equal; None when all are zero."""
    values = floats("values", values)
    refuse("values", values, values < 0, "the coefficient is defined for values of 0 or more")
    total, count = float(values.sum()), len(values)
    if total <= 0:
        return None
    ranks = np.arange(1, count + 1)
    return float(2 * (ranks @ np.sort(values)) / (count * total) - (count + 1) / count)


def smallest_set(values: ArrayLike, share: float = 0.8) -> Bools:
    """Marks, shape (n,), of the fewest customers that together hold `share` of the positive values."""
    values = floats("values", values)
    fraction("share", share)
    positive = np.maximum(values, 0.0)
    order = np.argsort(-positive, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(positive[order])[:-1]])
    marks = np.zeros(len(values), dtype=np.bool_)
    marks[order] = before < share * positive.sum() * (1 - 1e-12)
    return marks


def tiers(values: ArrayLike, shares: tuple[float, ...] = (0.01, 0.05, 0.2, 0.8)) -> Ints:
    """The tier of each customer, shape (n,): 0 for the best `shares[0]` of customers, len(shares) for the rest.

    `shares` are cumulative shares of customers, rising; equal values share the better tier.
    """
    if any(not 0 < low < high <= 1 for low, high in zip(shares, (*shares[1:], 1.0), strict=True)):
        raise ValidationFailed(f"Tier shares {shares} must rise between 0 and 1.", path=("shares",))
    values = floats("values", values)
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    ordered = np.sort(values)[::-1]
    edges = np.ceil(np.array(shares) * len(values)).astype(np.int64) - 1
    cuts = ordered[np.clip(edges, 0, len(values) - 1)]
    tier: Ints = (values[:, None] < cuts).sum(axis=1).astype(np.int64)
    return tier
