"""Why a figure is null: each reason is a bit, and some bits together are what a snapshot tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    NO_AXES = 1024


def texts(codes: Sequence[int], model_lack: Lack | None) -> tuple[str, ...]:
    """For each sum of bits {figure: {reason, have, need}} as JSON; the first reason of a figure stays."""
    told = _told(model_lack)
    return tuple(json.dumps(_together(told, Why(code)), separators=(",", ":")) for code in codes)


def _together(told: dict[Why, tuple[tuple[str, ...], Lack]], code: Why) -> dict[str, Lack]:
    found: dict[str, Lack] = {}
    for why, (figures, cause) in told.items():
        if why in code:
            found = dict.fromkeys(figures, cause) | found
    return found


def _told(model_lack: Lack | None) -> dict[Why, tuple[tuple[str, ...], Lack]]:
    bought = lack("Purchases of this customer", 0, 1)
    model = model_lack or bought
    return {
        Why.NO_PURCHASE: (PAST + FORECASTS, bought),
        Why.NO_MODEL: (FORECASTS, model),
        Why.NO_REVENUE: (
            ("priceRealisation", "costToServeRatio", "matrixCell"),
            lack("Revenue of this customer", 0, 1),
        ),
        Why.NO_RATING: (("satisfaction", "deliveredValue"), lack("Ratings (NPS or CSAT)", 0, 1)),
        Why.NO_EFFORT: (("ease",), lack("Effort ratings (CES)", 0, 1)),
        Why.NO_PROMISE: (("promisesKept",), lack("Interactions with a time to answer by", 0, 1)),
        Why.NO_STAFF: (("topContactShare",), lack("Contacts with staff within a year", 0, 1)),
        Why.NO_POINT_VALUE: (("learningPotential",), lack("A value per learning point in the settings", 0, 1)),
        Why.NO_LIMIT: (("clvHigh",), lack("Purchases that bound what is spent", 1, 2)),
        Why.NO_NEWCOMER: (("allowableAcquisition",), model),
        Why.NO_AXES: (("matrixCell",), lack("Customers who differ in price realised and in cost to serve", 1, 2)),
    }
