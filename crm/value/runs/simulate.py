"""What-if: customer equity as it is, and as it would be under a change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from crm.access import Actor, Scope, need
from crm.database import fetch_row
from crm.errors import Blocked
from crm.value.arrays import Floats
from crm.value.outlook import MEASURES, Alike, Outlook, outlook
from crm.value.runs import outlooks
from crm.value.runs.refresh import Published, published
from crm.value.runs.seeing import seen
from crm.value.whatif import Change

# Of the run in force, with what it kept of everybody together; runs of older versions kept nothing.
_RUN = """
SELECT r.id, r.as_of, r.currency, r.assumptions, r.parameters, r.seen, o.customers, o.terms, o.figures
FROM value_run r LEFT JOIN run_outlook o ON o.run_id = r.id WHERE r.is_current
"""
_COLUMNS = ("x", "observed", "customers", "spend", "earned", "served", "segment")
# Customers alike in what is to come are put together before, by the chance that they are still there. Columns come as
# bytes one after the other, for a million numbers would be a million objects of Python.
_GROUPS = f"""
SELECT {", ".join(f"string_agg(float8send({name}), ''::bytea) AS {name}" for name in _COLUMNS)}
FROM (
    SELECT (s.frequency - 1)::float8 AS x,
           (s.recency_days + (s.last_order_on - s.first_order_on))::float8 AS observed, count(*)::float8 AS customers,
           coalesce(sum(s.p_alive * s.expected_order_value::float8), 0) AS spend,
           coalesce(sum(s.p_alive * s.expected_order_value::float8 * s.contribution_rate), 0) AS earned,
           coalesce(sum(CASE WHEN s.cost_to_serve <> 0 AND s.revenue <> 0
                    THEN s.p_alive * s.expected_order_value::float8 * (s.cost_to_serve / s.revenue)::float8 END), 0)
               AS served,
           CASE WHEN s.fitted_on IS NULL THEN -1
                ELSE coalesce(array_position($2::text[], s.fitted_on::text) - 1, -1) END::float8 AS segment
    FROM value_snapshot s JOIN customer c ON c.id = s.customer_id
    WHERE s.run_id = $1 AND s.expected_order_value IS NOT NULL AND {{who}} GROUP BY 1, 2, 7
) alike
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Scenario:
    """Customer equity (residual value) before and after, in the currency of the run, of customers who ever bought.

    Of everybody as the run found them at `as_of`; of the customers of a rule as they are valued now, or were at
    `worked_at`.
    """

    run_id: UUID
    as_of: datetime
    currency: str
    customers: int
    baseline: Decimal
    scenario: Decimal
    worked_at: datetime | None = None

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
    """The customers of a run as a change meets them; `worked_at`: where their outlook was kept since."""

    run: Published
    currency: str
    outlook: Outlook
    worked_at: datetime | None = None


async def simulate(actor: Actor, change: Change, *, where: dict[str, Any] | None = None) -> Scenario:
    """Equity of the customers of a rule (everybody without one) under a change, against the published run.

    Raises Blocked when no model was fitted yet, ValidationFailed for a change or a rule that makes no sense, Forbidden.
    """
    return under(await standing(actor, where=where), change)


async def standing(actor: Actor, *, where: dict[str, Any] | None = None) -> Standing:
    """What `under` works from, for those who ask about one change after another. Raises as `simulate`."""
    row, run = await _in_force(actor)
    if row["figures"] is not None and where is None and actor.row_filter is None:
        return Standing(run, row["currency"], outlooks.read(row))
    (found,) = await seen(actor, _GROUPS, run.id, list(run.assumed.fit_segments), where=where)
    groups = _alike({name: np.frombuffer(found[name] or b"", dtype=">f8").astype(np.float64) for name in _COLUMNS})
    return Standing(run, row["currency"], await asyncio.to_thread(outlook, groups, run.assumed, run.findings))


async def kept(actor: Actor, found: Outlook, worked_at: datetime | None) -> Standing:
    """The same from an outlook of the run in force that was kept. Raises as `simulate`."""
    row, run = await _in_force(actor)
    return Standing(run, row["currency"], found, worked_at)


async def _in_force(actor: Actor) -> tuple[Any, Published]:
    need(actor, Scope.VALUE_READ)
    row = await fetch_row(_RUN)
    run = published(row) if row else None
    if row is None or run is None or run.findings.model is None:
        raise Blocked("There is no published run with a purchase model to change anything in; start a value run.")
    return row, run


def _alike(column: dict[str, Floats]) -> Alike:
    weights = np.stack([column[name] for name in MEASURES])
    kind, customers = column["segment"].astype(np.int64), int(column["customers"].sum())
    return Alike(customers, kind, column["x"], column["observed"], weights)


def under(found: Standing, change: Change) -> Scenario:
    """Equity as it is and under a change; no I/O, less than a thousandth of a second."""
    run = found.run
    before, after = found.outlook.under(change, run.assumed.clv_horizon)
    sums = found.outlook.customers, _money(before), _money(after)
    return Scenario(run.id, run.as_of, found.currency, *sums, worked_at=found.worked_at)


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")
