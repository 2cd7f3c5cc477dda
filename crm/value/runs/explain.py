"""Why a customer is worth what its snapshot says: the drivers, and the figures computed again from the closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from crm import organization
from crm.access import Actor, Scope, need
from crm.database import fetch_row
from crm.errors import NotFound
from crm.value import models, purchases
from crm.value.assumptions import MICRO
from crm.value.potentials import growing
from crm.value.runs import baskets
from crm.value.runs.inputs import Moment, read
from crm.value.runs.refresh import Published, published
from crm.value.worth import Worth, score
from crm.visibility import need_visible

_ROW = """
SELECT s.as_of AS at, s.p_alive, s.churn_risk, s.expected_purchases, s.expected_spend, s.expected_order_value,
       s.clv_historical, s.clv_residual, s.clv, s.growth_potential, r.*
FROM value_snapshot s JOIN value_run r ON r.id = s.run_id
WHERE s.customer_id = $1 AND (r.id = $2 OR $2 IS NULL AND r.is_current)
"""
CHECKED = ("p_alive", "churn_risk", "expected_purchases", "expected_spend", "expected_order_value", "clv_historical",
           "clv_residual", "clv", "growth_potential")  # fmt: skip
TOLERANCE = 2e-4


@dataclass(frozen=True)
class Driver:
    """One thing that a figure rests on. `average` is that of all customers, where there is one."""

    key: str
    value: float
    unit: str
    meaning: str
    average: float | None = None


@dataclass(frozen=True)
class Check:
    """A stored figure, and the same computed again."""

    figure: str
    stored: float | None
    recomputed: float | None

    @property
    def equal(self) -> bool:
        if self.stored is None or self.recomputed is None:
            return self.stored is self.recomputed
        return abs(self.stored - self.recomputed) <= TOLERANCE * max(1.0, abs(self.stored))


@dataclass(frozen=True)
class Explanation:
    """What a customer's value rests on, in the order in which it is multiplied up."""

    run_id: UUID
    as_of: datetime
    currency: str
    model: str | None
    formula: str
    drivers: list[Driver]
    checks: list[Check]


async def explain(actor: Actor, customer_id: UUID, *, run_id: UUID | None = None) -> Explanation:
    """The drivers of a customer's value in the published run, or in another.

    Raises NotFound when the customer, or its snapshot in the run, does not exist for the actor, Forbidden.
    """
    need(actor, Scope.VALUE_READ)
    await need_visible(actor, customer_id)
    row = await fetch_row(_ROW, customer_id, run_id)
    if row is None:
        raise NotFound("There are no figures of this customer yet; start a value run.", path=("customerId",))
    run, house = published(row), await organization.current()
    moment = Moment(row["at"], house.time_zone, row["currency"])
    book = await read(moment, run.assumed, customer_ids=[customer_id])
    book = await baskets.some(book, moment, run.assumed, run.findings.categories)
    worth = score(book, run.assumed, run.findings)
    if len(book):
        run = replace(run, findings=run.findings.of(int(book.rows["cohort"][0])))
    return Explanation(
        run.id,
        row["at"],
        row["currency"],
        run.findings.model,
        "clvResidual = discountedPurchases × expectedOrderValue × contributionRate",
        _drivers(worth, run) if worth.book.bought.any() else [],
        [Check(name, _number(row[name]), again) for name, again in _again(worth, run).items()],
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _again(worth: Worth, run: Published) -> dict[str, float | None]:
    """The figures that are checked, computed from the history."""
    historical = float(worth.facts.profit[0]) / MICRO if len(worth.book) else None
    ahead, more = worth.forecast, growing(worth, run.assumed, run.findings)
    if ahead is None or more is None or historical is None:
        return {name: historical if name == "clv_historical" else None for name in CHECKED}
    values: tuple[Any, ...] = (
        ahead.alive,
        ahead.churn,
        ahead.purchases,
        ahead.spend,
        ahead.per_purchase,
        [historical],
        ahead.residual,
        historical + ahead.residual,
        more.potential,
    )
    return {name: float(value[0]) for name, value in zip(CHECKED, values, strict=True)}


def _drivers(worth: Worth, run: Published) -> list[Driver]:
    history, found = worth.book.history, run.findings
    spend = float(np.nan_to_num(worth.book.repeat_spend)[0])
    unit = run.assumed.unit_days
    known = [
        Driver("repeatPurchaseDays", float(history.x[0]), "days", "Days with a purchase after the first."),
        Driver("lastPurchaseAfter", float(history.t_x[0] * unit), "days", "From the first purchase to the last."),
        Driver("observed", float(history.T[0] * unit), "days", "From the first purchase to the as-of date."),
        Driver("repeatSpend", spend, "money", "Mean of the repeat purchase days.", found.mean_spend),
        Driver(
            "contributionRate",
            float(worth.facts.contribution[0]),
            "share",
            "Margin less cost to serve over revenue, own figures leaning on those of all customers.",
            found.contribution,
        ),
    ]
    return known + _forecast_drivers(worth, run)


_GAP = {
    True: "From the part of the customer's known wallet that is not expected to be spent here.",
    False: "From the distance to the best quarter of customers in the same RFM group.",
}


def _wallet_known(worth: Worth) -> bool:
    return worth.book.wallet is not None and bool(np.isfinite(worth.book.wallet[0]))


def _forecast_drivers(worth: Worth, run: Published) -> list[Driver]:
    ahead, found, more = worth.forecast, run.findings, growing(worth, run.assumed, run.findings)
    if ahead is None or found.model is None or more is None:
        return []
    discounted = purchases.discounted_purchases(
        models.model(found.model), found.parameters, worth.book.history, run.assumed.clv_horizon, ahead.alive
    )
    order = float(ahead.per_purchase[0])
    return [
        Driver("pAlive", float(ahead.alive[0]), "share", "The probability that the customer still buys."),
        Driver("discountedPurchases", float(discounted[0]), "purchases", "To come until the horizon, worth today."),
        Driver("expectedOrderValue", order, "money", "Own spend leaning on that of all customers.", found.mean_spend),
        Driver("clvResidual", float(ahead.residual[0]), "money", "What the customer is still expected to bring."),
        Driver("growthGap", float(more.gap[0]), "money", _GAP[_wallet_known(worth)]),
        Driver("growthSelling", float(more.selling[0]), "money", "From categories of products not bought of late."),
    ]
