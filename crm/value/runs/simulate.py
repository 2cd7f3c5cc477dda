"""What-if: customer equity as it is, and as it would be under a change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from crm.access import Actor, Scope, need
from crm.database import fetch_row
from crm.errors import Blocked
from crm.value import models
from crm.value.arrays import Floats
from crm.value.history import History
from crm.value.runs.refresh import Published, published
from crm.value.runs.seeing import seen
from crm.value.whatif import Change, future_purchases

# Customers with the same history have the same purchases to come: what they bring is summed before. Arrays bring it,
# for a million rows would be a million objects of Python.
_GROUPS = """
SELECT array_agg(x) AS x, array_agg(t_x) AS t_x, array_agg(observed) AS observed, array_agg(customers) AS customers,
       array_agg(coalesce(spend, 0)) AS spend, array_agg(coalesce(earned, 0)) AS earned,
       array_agg(coalesce(served, 0)) AS served, array_agg(fitted_on) AS fitted_on
FROM (
SELECT (frequency - 1)::float8 AS x, (last_order_on - first_order_on)::float8 AS t_x,
       recency_days + (last_order_on - first_order_on)::float8 AS observed, s.fitted_on, count(*) AS customers,
       sum(expected_order_value)::float8 AS spend,
       sum(expected_order_value * contribution_rate)::float8 AS earned,
       sum(expected_order_value * cost_to_serve / nullif(revenue, 0))::float8 AS served
FROM value_snapshot s JOIN customer c ON c.id = s.customer_id
WHERE s.run_id = $1 AND s.expected_order_value IS NOT NULL AND {who} GROUP BY 1, 2, 3, 4
) alike
"""


@dataclass(frozen=True)
class Scenario:
    """Customer equity (residual value) before and after, in the currency of the run."""

    run_id: UUID
    currency: str
    customers: int
    baseline: Decimal
    scenario: Decimal

    @property
    def net_gain(self) -> Decimal:
        return self.scenario - self.baseline

    @property
    def break_even_spend(self) -> Decimal:
        """The most that bringing the change about may cost; nothing for a change to the worse."""
        return max(self.net_gain, Decimal(0))

    @property
    def break_even_per_customer(self) -> Decimal | None:
        return (self.break_even_spend / self.customers).quantize(Decimal("0.0001")) if self.customers else None


@dataclass(frozen=True)
class Standing:
    """The customers of a run as a change meets them: one place for all with the same history, shape (n,) a column."""

    run: Published
    currency: str
    fitted_on: list[str | None]
    columns: dict[str, Floats]


async def simulate(actor: Actor, change: Change, *, where: dict[str, Any] | None = None) -> Scenario:
    """Equity of the customers of a rule (everybody without one) under a change, against the published run.

    Raises Blocked when no model was fitted yet, ValidationFailed for a change or a rule that makes no sense, Forbidden.
    """
    return under(await standing(actor, where=where), change)


async def standing(actor: Actor, *, where: dict[str, Any] | None = None) -> Standing:
    """What `under` works from, for those who ask about one change after another. Raises as `simulate`."""
    need(actor, Scope.VALUE_READ)
    row = await fetch_row("SELECT * FROM value_run WHERE is_current")
    run = published(row) if row else None
    if row is None or run is None or run.findings.model is None:
        raise Blocked("There is no published run with a purchase model to change anything in; start a value run.")
    (alike,) = await seen(actor, _GROUPS, run.id, where=where)
    columns = {name: np.array(alike[name] or (), dtype=float) for name in _COLUMNS}
    return Standing(run, row["currency"], alike["fitted_on"] or [], columns)


def under(found: Standing, change: Change) -> Scenario:
    """Equity as it is and under a change; no I/O."""
    run, column = found.run, found.columns
    before, after = _purchases(run, found.fitted_on, column, change)
    earned = column["earned"] + change.margin * column["spend"] - (change.cost_to_serve - 1) * column["served"]
    customers = int(column["customers"].sum())
    return Scenario(run.id, found.currency, customers, _money(before @ column["earned"]), _money(after @ earned))


def _purchases(
    run: Published, fitted_on: list[str | None], column: dict[str, Floats], change: Change
) -> tuple[Floats, Floats]:
    """Discounted purchases to come of each group, as it is and under the change, by the models of its segment."""
    unit, horizon = run.assumed.unit_days, run.assumed.clv_horizon
    rate = horizon.annual_rate if change.discount_rate is None else change.discount_rate
    place = {key: number for number, key in enumerate(run.assumed.fit_segments)}
    used = np.array([place.get(key or "", -1) for key in fitted_on], dtype=np.int64)
    before, after = np.zeros(len(used)), np.zeros(len(used))
    for kind in np.unique(used):
        here, findings = used == kind, run.findings.of(int(kind))
        model, p = models.model(str(findings.model)), findings.parameters
        history = History(column["x"][here], column["t_x"][here] / unit, column["observed"][here] / unit)
        before[here] = future_purchases(model, p, history, horizon, Change())
        after[here] = future_purchases(model, p, history, replace(horizon, annual_rate=rate), change)
    return before, after


_COLUMNS = ("x", "t_x", "observed", "customers", "spend", "earned", "served")


def _money(value: Floats | float) -> Decimal:
    return Decimal(f"{float(value):.4f}")
