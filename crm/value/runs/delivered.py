"""Value to the business against value to the customer: who is worth much, and who receives much."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from crm.access import Actor
from crm.value.runs.seeing import seen


class Received(StrEnum):
    """By what the value that customers receive is told."""

    SATISFACTION = "SATISFACTION"
    DELIVERED_VALUE = "DELIVERED_VALUE"


LEVELS = ("LOW", "MIDDLE", "HIGH")
"""Thirds of the scale, from its lowest end to its highest."""
# Both scales as 0 to 1.
_SCALES = {Received.SATISFACTION: "s.satisfaction", Received.DELIVERED_VALUE: "(s.delivered_value + 1) / 2"}
_GRID = """
SELECT s.value_tier AS tier, 1 + (CASE WHEN {scale} >= 1 THEN 2 ELSE floor({scale} * 3) END)::int AS level,
       count(*) AS customers, sum(s.net_profit) AS profit, sum(s.clv_residual) AS residual,
       avg(s.churn_risk) AS churn_risk
FROM value_snapshot s JOIN customer c ON c.id = s.customer_id
WHERE s.run_id = (SELECT id FROM value_run WHERE is_current) AND {who} GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST
"""


@dataclass(frozen=True)
class Delivered:
    """Customers of one value tier (1 is best) who receive LOW, MIDDLE or HIGH value; None: nobody asked them."""

    tier: int
    level: str | None
    customers: int
    profit: Decimal | None
    residual: Decimal | None
    churn_risk: float | None


async def delivered(actor: Actor, *, by: Received = Received.SATISFACTION) -> list[Delivered]:
    """The grid of value tier and value received, of the published run; cells without customers are left out.

    The first tier with a LOW level is where value is about to be lost. Raises Forbidden.
    """
    rows = await seen(actor, _GRID.replace("{scale}", _SCALES[by]))
    return [Delivered(**{**row, "level": LEVELS[row["level"] - 1] if row["level"] else None}) for row in rows]
