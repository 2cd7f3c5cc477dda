"""Churn: of those who stood in the lifecycle at the beginning of a period, who was lost at its end."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from crm.access import Actor, Scope, need
from crm.lifecycle import store
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Group, Grouping, Period, audience, grouping, shown
from crm.lifecycle.reports.reading import fetch_wide
from crm.lifecycle.reports.steps import STEPS


@dataclass(frozen=True, slots=True)
class Churn:
    """One group: `base` customers were not lost at the beginning; at the end `lost` were, and `idle` stood aside.

    `rate` is lost / base with its standard error sqrt(p(1 − p)/n), None for an empty base.
    """

    group: str | None
    base: int
    lost: int
    idle: int
    rate: float | None
    standard_error: float | None


_CHURN = (
    STEPS
    + """
, ends AS (
    SELECT customer_id, start_id, CASE WHEN last >= 2 THEN start_id ELSE next_id END AS end_id FROM step WHERE first = 1
)
SELECT {label} AS label, count(*) AS base, count(*) FILTER (WHERE e.outcome = 'LOST') AS lost,
       count(*) FILTER (WHERE e.outcome = 'IDLE' AND s.outcome <> 'IDLE') AS idle
FROM ends JOIN stage s ON s.id = ends.start_id JOIN stage e ON e.id = ends.end_id{grouped}
WHERE s.outcome <> 'LOST'
GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST
"""
)


async def churn(
    actor: Actor,
    *,
    period: Period,
    lifecycle: str | None = None,
    group: Group = Group.STAGE,
    where: Rule | None = None,
) -> list[Churn]:
    """Churn by stage or segment at the beginning of the period, or by owner, source, channel, country or kind.

    The largest group first. Raises NotFound, RuleInvalid, ValidationFailed, Forbidden.
    """
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(lifecycle)
    who = await audience(actor, where, first_parameter=3)
    by = Grouping("s.key::text") if group is Group.STAGE else grouping(group, at="($2::timestamptz[])[1]")
    grouped = f" JOIN customer c ON c.id = ends.customer_id{by.joins}" if group not in (Group.STAGE, Group.NONE) else ""
    statement = _CHURN.format(
        customers="" if who.everybody else " JOIN customer c ON c.id = t.customer_id",
        who=who.condition,
        label=by.label,
        grouped=grouped,
    )
    rows = await fetch_wide(statement, path.id, [period.since, period.until], *who.values)
    return [_churn(row, group) for row in rows]


def _churn(row: Any, group: Group) -> Churn:
    base, lost = row["base"], row["lost"]
    rate = lost / base if base else None
    error = None if rate is None else sqrt(rate * (1 - rate) / base)
    return Churn(shown(group, row["label"]), base, lost, row["idle"], rate, error)
