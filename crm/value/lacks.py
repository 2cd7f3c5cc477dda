"""Why a figure is null: each reason is a bit, and some bits together are what a snapshot tells."""

from __future__ import annotations

from enum import IntFlag

from crm.value.findings import Lack, lack

FORECASTS = (
    "pAlive",
    "churnRisk",
    "expectedPurchases",
    "expectedSpend",
    "expectedOrderValue",
    "expectedLifetimeDays",
    "nextOrderOn",
    "nextOrderLow",
    "nextOrderHigh",
    "clvResidual",
    "clv",
    "clvLow",
    "clvHigh",
    "valueAtRisk",
    "allowableRetention",
    "growthPotential",
)
PAST = (
    "recencyDays",
    "frequency",
    "monetary",
    "recencyScore",
    "frequencyScore",
    "monetaryScore",
    "rfmGroup",
    "firstOrderOn",
    "lastOrderOn",
)


class Why(IntFlag):
    """The reasons."""

    NO_PURCHASE = 1
    NO_MODEL = 2
    NO_REVENUE = 4
    NO_RATING = 8
    NO_EFFORT = 16
    NO_PROMISE = 32
    NO_STAFF = 64
    NO_POINT_VALUE = 128
    NO_LIMIT = 256
    NO_NEWCOMER = 512
    NO_CELL = 1024


def told(code: int) -> dict[str, Lack]:
    """{figure: {reason, have, need}} of a sum of bits, as the database's value_lacks(code) tells it.

    Where two reasons keep a figure from being known, the lower bit is the deeper one.
    """
    found: dict[str, Lack] = {}
    for why in sorted(REASONS, reverse=True):
        if why in Why(code):
            figures, cause = REASONS[why]
            found |= dict.fromkeys(figures, cause)
    return found


ALIKE = "Customers who differ both in price realised and in cost to serve (record list prices, costs and interactions)"
_BOUGHT = lack("Purchases of this customer", 0, 1)
_MODEL = lack("Purchase models that fit these customers (see the warnings of the run)", 0, 1)
REASONS: dict[Why, tuple[tuple[str, ...], Lack]] = {
    Why.NO_MODEL: (FORECASTS, _MODEL),
    Why.NO_PURCHASE: (PAST + FORECASTS, _BOUGHT),
    Why.NO_REVENUE: (("priceRealisation", "costToServeRatio"), lack("Revenue of this customer", 0, 1)),
    Why.NO_RATING: (("satisfaction", "deliveredValue"), lack("Ratings (NPS or CSAT)", 0, 1)),
    Why.NO_EFFORT: (("ease",), lack("Effort ratings (CES)", 0, 1)),
    Why.NO_PROMISE: (("promisesKept",), lack("Interactions with a time to answer by", 0, 1)),
    Why.NO_STAFF: (("topContactShare",), lack("Contacts with staff within a year", 0, 1)),
    Why.NO_POINT_VALUE: (("learningPotential",), lack("A value per learning point in the settings", 0, 1)),
    Why.NO_LIMIT: (("clvHigh",), lack("Purchases that bound what is spent", 1, 2)),
    Why.NO_NEWCOMER: (("allowableAcquisition",), _MODEL),
    Why.NO_CELL: (("matrixCell",), lack(ALIKE, 1, 2)),
}
"""Reason → the figures that it keeps from being known, and what to say of them."""
