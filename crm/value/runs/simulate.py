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

_COLUMNS = ("x", "t_x", "observed", "customers", "spend", "earned", "served", "segment")
# Customers with the same history have the same purchases to come: what they bring is summed before. Columns come as
# bytes one after the other, for a million numbers would be a million objects of Python.
_GROUPS = f"""
SELECT {", ".join(f"string_agg(float8send({name}), ''::bytea) AS {name}" for name in _COLUMNS)}
FROM (
    SELECT (s.frequency - 1)::float8 AS x, (s.last_order_on - s.first_order_on)::float8 AS t_x,
           (s.recency_days + (s.last_order_on - s.first_order_on))::float8 AS observed, count(*)::float8 AS customers,
           coalesce(sum(s.expected_order_value)::float8, 0) AS spend,
           coalesce(sum(s.expected_order_value * s.contribution_rate), 0) AS earned,
           coalesce(sum(CASE WHEN s.cost_to_serve <> 0 AND s.revenue <> 0
                    THEN s.expected_order_value * s.cost_to_serve / s.revenue END)::float8, 0) AS served,
           CASE WHEN s.fitted_on IS NULL THEN -1
                ELSE coalesce(array_position($2::text[], s.fitted_on::text) - 1, -1) END::float8 AS segment
    FROM value_snapshot s JOIN customer c ON c.id = s.customer_id
    WHERE s.run_id = $1 AND s.expected_order_value IS NOT NULL AND {{who}} GROUP BY 1, 2, 3, 8
) alike
"""  # noqa: S608 - constants


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
    """The customers of a run as a change meets them: one place for all with the same history, shape (n,) a column.

    `segment` is the place of the segment whose own models describe them, -1 for those of all.
    """

    run: Published
    currency: str
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
    (alike,) = await seen(actor, _GROUPS, run.id, list(run.assumed.fit_segments), where=where)
    columns = {name: np.frombuffer(alike[name] or b"", dtype=">f8").astype(np.float64) for name in _COLUMNS}
    return Standing(run, row["currency"], columns)


def under(found: Standing, change: Change) -> Scenario:
    """Equity as it is and under a change; no I/O."""
    run, column = found.run, found.columns
    before, after = _purchases(run, column, change)
    earned = column["earned"] + change.margin * column["spend"] - (change.cost_to_serve - 1) * column["served"]
    customers = int(column["customers"].sum())
    return Scenario(run.id, found.currency, customers, _money(before @ column["earned"]), _money(after @ earned))


def _purchases(run: Published, column: dict[str, Floats], change: Change) -> tuple[Floats, Floats]:
    """Discounted purchases to come of each group, as it is and under the change, by the models of its segment."""
    unit, horizon = run.assumed.unit_days, run.assumed.clv_horizon
    rate = horizon.annual_rate if change.discount_rate is None else change.discount_rate
    used = column["segment"].astype(np.int64)
    before, after = np.zeros(len(used)), np.zeros(len(used))
    for kind in np.unique(used):
        here, findings = used == kind, run.findings.of(int(kind))
        model, p = models.model(str(findings.model)), findings.parameters
        history = History(column["x"][here], column["t_x"][here] / unit, column["observed"][here] / unit)
        before[here] = future_purchases(model, p, history, horizon, Change())
        after[here] = future_purchases(model, p, history, replace(horizon, annual_rate=rate), change)
    return before, after


def _money(value: Floats | float) -> Decimal:
    return Decimal(f"{float(value):.4f}")
