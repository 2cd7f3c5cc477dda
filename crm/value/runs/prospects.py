"""What a customer in each stage will still bring, by the moves between stages and the money made in them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from crm import organization
from crm.access import Actor, Scope, need
from crm.lifecycle.reports.frame import Grain, Period, audience, edges_of
from crm.lifecycle.reports.matrix import matrix
from crm.lifecycle.reports.reading import fetch_wide
from crm.lifecycle.reports.steps import STEPS
from crm.value import markov
from crm.value.discount import period_rate
from crm.value.runs import settings

STEPS_A_YEAR = {Grain.DAY: 365, Grain.WEEK: 365 / 7, Grain.MONTH: 12, Grain.QUARTER: 4, Grain.YEAR: 1}

# Money of a step goes to the stage in which the customer stood when it began. $3: share of revenue that goods cost
# where nobody recorded it; $4: whether that holds for all revenue; $5: time zone.
_REWARDS = (
    STEPS
    + """, money AS (
    SELECT d.customer_id, width_bucket(d.day::timestamp AT TIME ZONE $5, $2::timestamptz[]) AS step,
           0.0001 * (d.revenue - CASE WHEN $4 THEN d.revenue * $3::numeric
                                      ELSE d.cost_of_goods + d.uncosted_revenue * $3::numeric END) AS amount
    FROM customer_day d
    WHERE d.day BETWEEN (($2::timestamptz[])[1] AT TIME ZONE $5)::date
                    AND (($2::timestamptz[])[cardinality($2::timestamptz[])] AT TIME ZONE $5)::date
    UNION ALL
    SELECT k.customer_id, width_bucket(k.occurred_at, $2::timestamptz[]), -k.base_amount FROM cost_entry k
    WHERE k.activity <> 'ACQUISITION' AND k.occurred_at >= ($2::timestamptz[])[1]
      AND k.occurred_at < ($2::timestamptz[])[cardinality($2::timestamptz[])]
), stood AS (
    SELECT start_id, sum(least(last, cardinality($2::timestamptz[]) - 1) - first + 1)::bigint AS steps,
           count(*) FILTER (WHERE last = cardinality($2::timestamptz[])) AS customers
    FROM step WHERE first < cardinality($2::timestamptz[]) OR last = cardinality($2::timestamptz[]) GROUP BY 1
), earned AS (
    SELECT s.start_id, sum(m.amount) AS amount FROM step s JOIN money m
      ON m.customer_id = s.customer_id AND m.step BETWEEN s.first AND least(s.last, cardinality($2::timestamptz[]) - 1)
    GROUP BY 1
)
SELECT start_id, steps, customers, coalesce(amount, 0) AS amount FROM stood LEFT JOIN earned USING (start_id)
"""
)


@dataclass(frozen=True)
class Prospect:
    """A stage: what its customers brought in a step, and what one is worth from now on, without end.

    customers: who stand in it at the end of the period. steps: how many customers' steps the reward is the mean of.
    value: present value of all to come, the step that begins included; equity: of all its customers.
    """

    stage: str
    name: str
    customers: int
    steps: int
    reward: Decimal
    value: Decimal
    equity: Decimal


async def prospects(
    actor: Actor,
    *,
    period: Period,
    grain: Grain = Grain.MONTH,
    lifecycle: str | None = None,
    where: dict[str, Any] | None = None,
) -> list[Prospect]:
    """Value by stage as a Markov chain has it: V = (I - P / (1 + d))^-1 R (Pfeifer and Carraway 2000).

    Moves and money of the period are expected to go on; what comes depends on the stage alone. Needs lifecycle:read and
    value:read. Raises what `matrix` raises, ValidationFailed where the discount rate is 0.
    """
    need(actor, Scope.VALUE_READ)
    found = await matrix(actor, period=period, lifecycle=lifecycle, grain=grain, where=where)
    assumed, house = await settings.current(), await organization.current()
    who = await audience(actor, where, first_parameter=6)
    customers = "" if who.everybody else " JOIN customer c ON c.id = t.customer_id"
    values = [1 - assumed.margin_rate, assumed.margin_basis == "RATE", house.time_zone]
    ends = edges_of(period, grain, house.time_zone)
    statement = _REWARDS.format(customers=customers, who=who.condition)
    rows = {row["start_id"]: row for row in await fetch_wide(statement, found.lifecycle.id, ends, *values, *who.values)}
    stood = [_Stood.of(rows.get(stage.id)) for stage in found.stages]
    rate = period_rate(float(assumed.discount_rate), STEPS_A_YEAR[grain])
    worth = markov.value(found.probabilities, np.array([one.reward for one in stood]), rate)
    return [
        Prospect(
            stage.key, stage.name, one.customers, one.steps, _money(one.reward), _money(value),
            _money(one.customers * value),
        )
        for stage, one, value in zip(found.stages, stood, worth, strict=True)
    ]  # fmt: skip


@dataclass(frozen=True)
class _Stood:
    customers: int = 0
    steps: int = 0
    reward: float = 0.0

    @classmethod
    def of(cls, row: Any) -> _Stood:
        if row is None:
            return cls()
        return cls(row["customers"], row["steps"], float(row["amount"]) / row["steps"] if row["steps"] else 0.0)


def _money(value: float) -> Decimal:
    return Decimal(f"{float(value):.4f}")
