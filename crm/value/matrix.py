"""The customer profitability matrix: net price realised against cost to serve (Shapiro and others, 1987)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm.value.arrays import Bools, Floats

# By (price is high, cost is high): the seed names of the four are demanding, champion, loser, cheap and familiar.
CELLS = {
    (True, True): "CARRIAGE_TRADE",
    (True, False): "PASSIVE",
    (False, True): "AGGRESSIVE",
    (False, False): "BARGAIN_BASEMENT",
}
_NAMES = np.array([[CELLS[False, False], CELLS[False, True]], [CELLS[True, False], CELLS[True, True]]])


@dataclass(frozen=True)
class Placement:
    """Where each customer stands: cell names, shape (n,), empty where an axis is unknown; and the cuts that
    were used.
    """

    cells: NDArray[np.str_]
    price_cut: float
    cost_cut: float


def price_realised(net_revenue: Floats, list_revenue: Floats) -> Floats:
    """Net revenue over list revenue of the same goods, shape (n,); NaN where there is no list revenue."""
    return _ratio(net_revenue, list_revenue)


def cost_ratio(cost_to_serve: Floats, net_revenue: Floats) -> Floats:
    """Cost to serve over net revenue, shape (n,); NaN where there is no revenue."""
    return _ratio(cost_to_serve, net_revenue)


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.where(whole > 0, part / whole, np.nan)
    return ratio


def place(price: Floats, cost: Floats, *, price_cut: float | None = None, cost_cut: float | None = None) -> Placement:
    """Place customers by price realised and cost ratio, each (n,); the cuts default to the medians of known
    customers.

    A value at the cut counts as low. Store the returned cuts, so that the next period can be placed alike.
    """
    known = ~(np.isnan(price) | np.isnan(cost))
    at_price = _median(price, known) if price_cut is None else price_cut
    at_cost = _median(cost, known) if cost_cut is None else cost_cut
    cells = _NAMES[(price > at_price).astype(int), (cost > at_cost).astype(int)]
    return Placement(np.where(known, cells, ""), at_price, at_cost)


def _median(values: Floats, known: Bools) -> float:
    return float(np.median(values[known])) if known.any() else float("nan")
