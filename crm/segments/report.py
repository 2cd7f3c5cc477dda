"""The targeting report of a segment: what its members are worth, how likely they are lost, where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from crm import organization
from crm.access import Actor, Scope, need
from crm.database import fetch, fetch_row
from crm.segments.history import Point, ids_of, need_whole, sizes


@dataclass(frozen=True, slots=True)
class Worth:
    """Value of the members by the current value run, in `currency`; None where no run scored any of them."""

    currency: str
    valued: int
    revenue: Decimal | None
    net_profit: Decimal | None
    clv: Decimal | None
    average_clv: Decimal | None
    churn_risk: float | None
    value_at_risk: Decimal | None


@dataclass(frozen=True, slots=True)
class StageShare:
    """How many of the members stand in a stage of the default lifecycle."""

    stage: str
    name: str
    customers: int


@dataclass(frozen=True, slots=True)
class Report:
    """A segment at a glance."""

    key: str
    size: int
    share_of_customers: float
    sizes: list[Point]
    worth: Worth
    stages: list[StageShare]


_MEMBERS = "SELECT customer_id FROM segment_membership WHERE segment_id = $1 AND exited_at IS NULL"
_SIZE = f"""
SELECT (SELECT count(*) FROM ({_MEMBERS}) m) AS size, (SELECT count(*) FROM customer WHERE archived_at IS NULL) AS all
"""  # noqa: S608
_WORTH = f"""
SELECT count(*) AS valued, sum(v.revenue) AS revenue, sum(v.net_profit) AS net_profit, sum(v.clv) AS clv,
       avg(v.clv)::numeric(20, 4) AS average_clv, avg(v.churn_risk) AS churn_risk,
       sum(v.value_at_risk) AS value_at_risk
FROM value_snapshot v JOIN ({_MEMBERS}) m USING (customer_id)
WHERE v.run_id = (SELECT id FROM value_run WHERE is_current)
"""  # noqa: S608
_STAGES = f"""
SELECT s.key AS stage, s.name, count(*) AS customers
FROM stage_position p JOIN ({_MEMBERS}) m USING (customer_id) JOIN stage s ON s.id = p.stage_id
JOIN lifecycle l ON l.id = p.lifecycle_id AND l.is_default
GROUP BY s.key, s.name, s.position ORDER BY s.position
"""  # noqa: S608


async def report(actor: Actor, key: str, *, now: datetime, days: int = 90) -> Report:
    """A segment at a glance, with its size over the last days. Raises NotFound, ValidationFailed, Forbidden."""
    need_whole(actor)
    need(actor, Scope.VALUE_READ, Scope.LIFECYCLE_READ)
    segment_id = (await ids_of([key]))[key]
    counted = await fetch_row(_SIZE, segment_id)
    worth = await fetch_row(_WORTH, segment_id)
    assert counted is not None
    assert worth is not None
    over_time = await sizes(actor, segment_id, since=now - timedelta(days=days), until=now, points=min(days, 90))
    house = await organization.current()
    return Report(
        key,
        counted["size"],
        counted["size"] / counted["all"] if counted["all"] else 0.0,
        over_time,
        Worth(house.base_currency, **dict(worth)),
        [StageShare(**dict(row)) for row in await fetch(_STAGES, segment_id)],
    )
