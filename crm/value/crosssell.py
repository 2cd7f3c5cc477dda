"""What is bought together, and whether an offer made a difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Pairs:
    """Ordered rules "who buys `item` also buys `other`", each column of shape (k,), strongest lift first.

    together: baskets with both. support: share of all baskets. confidence: share of the item's baskets.
    lift: against independence. lift_low: its lower 95% limit. leverage: support beyond independence.
    conviction: may be infinite, NaN for what everybody buys.
    """

    item: Ints
    other: Ints
    together: Ints
    support: Floats
    confidence: Floats
    lift: Floats
    lift_low: Floats
    leverage: Floats
    conviction: Floats


def pairs(basket: Ints, item: Ints, *, least: int = 20, baskets: int | None = None) -> Pairs:
    """Association of pairs of items from rows of (basket, item), shape (n,) each, numbers from 0.

    Keeps pairs found together in at least `least` baskets whose lower 95% limit of lift exceeds 1.
    `baskets` is the number of all baskets, if there are some without any of these items.
    """
    total = int(basket.max(initial=-1)) + 1 if baskets is None else baskets
    _need_baskets(total)
    bought = csr_matrix((np.ones(len(basket)), (basket, item)), shape=(total, int(item.max(initial=-1)) + 1))
    bought.data[:] = 1.0  # several lines of one item in a basket count once
    both = (bought.T @ bought).tocoo()
    alone = np.asarray(bought.sum(axis=0)).ravel()
    kept = (both.row != both.col) & (both.data >= least)
    return _measured(both.row[kept].astype(np.int64), both.col[kept].astype(np.int64), both.data[kept], alone, total)


def pairs_of_counts(both: Floats, total: int, *, least: int = 20) -> Pairs:
    """The same from how many of `total` baskets hold each two items; on the diagonal, shape (k, k), each item alone."""
    _need_baskets(total)
    kept = (both >= least) & ~np.eye(len(both), dtype=np.bool_)
    item, other = np.nonzero(kept)
    return _measured(item.astype(np.int64), other.astype(np.int64), both[kept], np.diag(both), total)


def _need_baskets(total: int) -> None:
    if total <= 0:
        raise ValidationFailed("There are no baskets.", path=("basket",))


def _measured(item: Ints, other: Ints, together: Floats, alone: Floats, total: int) -> Pairs:
    n_item, n_other = alone[item], alone[other]
    lift = total * together / (n_item * n_other)
    # Delta method for multinomial counts; the variance can only be negative by rounding.
    variance = 1 / together - 1 / n_item - 1 / n_other + (2 * lift - 1) / total
    low = lift * np.exp(-Z95 * np.sqrt(np.maximum(variance, 0.0)))
    confidence = together / n_item
    with np.errstate(divide="ignore", invalid="ignore"):
        conviction = (1 - n_other / total) / (1 - confidence)
    support = together / total
    leverage = support - n_item * n_other / total**2
    rows = np.flatnonzero(low > 1)
    rows = rows[np.lexsort((other[rows], item[rows], -lift[rows]))]
    columns = (support, confidence, lift, low, leverage, conviction)
    return Pairs(item[rows], other[rows], together[rows].astype(np.int64), *(column[rows] for column in columns))


@dataclass(frozen=True)
class Uplift:
    """What a campaign changed: difference of response rates, its standard error, and the money it brought."""

    uplift: float
    standard_error: float
    value: float


def uplift(
    treated: int, treated_responses: int, control: int, control_responses: int, *, margin: float, cost: float
) -> Uplift:
    """Response of the treated against a held-out control; value = uplift x margin x treated - cost."""
    if min(treated, control) < 1:
        raise ValidationFailed(
            "An uplift needs customers in both the treated and the control group.", path=("control",)
        )
    p1, p0 = treated_responses / treated, control_responses / control
    error = float(np.sqrt(p1 * (1 - p1) / treated + p0 * (1 - p0) / control))
    return Uplift(p1 - p0, error, (p1 - p0) * margin * treated - cost)
