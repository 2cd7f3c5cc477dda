"""The funnel: of those who entered the lifecycle together, how many came how far, and how long it took them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from crm import organization
from crm.access import Actor, Scope, need
from crm.lifecycle import store
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Grain, Group, Period, audience, grouping, shown
from crm.lifecycle.reports.reading import fetch_wide


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One stage of one cohort and group.

    `cohort` is the first day of the time in which its customers entered the lifecycle, None when all are taken
    together; `size` how many they are. `entered` of them ever stood in the stage; `went_on` of these later came to a
    stage further on (from a stage aside: back to any); `lost` left it for a lost one. `rate` is went_on / entered,
    `share` entered / size; both None for nothing. Times are seconds that customers who left the stage stood in it
    altogether.
    """

    cohort: date | None
    group: str | None
    stage: str
    size: int
    entered: int
    went_on: int
    lost: int
    rate: float | None
    share: float | None
    median_seconds: float | None
    p90_seconds: float | None


# A stage's rank is its place on the path; stages aside and lost ones have none. History is sorted once, by customer.
_FUNNEL = """
WITH stay AS (
    SELECT t.customer_id, t.to_stage_id, first_value(t.occurred_at) OVER path AS entered_at,
           t.from_stage_id IS NULL AS first,
           coalesce(max(s.rank) OVER later, 0) > coalesce(s.rank, 0) AS went_on,
           coalesce(lead(s.lost) OVER path, false) AS lost,
           date_part('epoch', lead(t.occurred_at) OVER path - t.occurred_at) AS lasted
    FROM stage_transition t
    JOIN (SELECT id, CASE WHEN outcome IN ('OPEN', 'WON') THEN position END AS rank, outcome = 'LOST' AS lost
          FROM stage WHERE lifecycle_id = $1) s ON s.id = t.to_stage_id{customers}
    WHERE t.lifecycle_id = $1 AND {who}
    WINDOW path AS (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id),
           later AS (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id
                     ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
), visit AS (
    SELECT customer_id, to_stage_id, min(entered_at) AS entered_at, bool_or(first) AS first,
           bool_or(went_on) AS went_on, bool_or(lost) AS lost,
           CASE WHEN bool_and(lasted IS NOT NULL) THEN sum(lasted) END AS lasted
    FROM stay WHERE entered_at >= $2 AND entered_at < $3
    GROUP BY customer_id, to_stage_id
), step AS (
    SELECT {cohort} AS cohort, {label} AS label, v.to_stage_id, count(*) AS entered,
           count(*) FILTER (WHERE v.first) AS began, count(*) FILTER (WHERE v.went_on) AS went_on,
           count(*) FILTER (WHERE v.lost) AS lost,
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY v.lasted) AS quantiles
    FROM visit v{grouped} GROUP BY 1, 2, 3
), size AS (
    SELECT cohort, label, sum(began)::bigint AS size FROM step GROUP BY cohort, label
)
SELECT size.cohort, size.label, s.key AS stage, size.size, coalesce(step.entered, 0) AS entered,
       coalesce(step.went_on, 0) AS went_on, coalesce(step.lost, 0) AS lost, step.quantiles
FROM size
CROSS JOIN (SELECT id, key, position, archived_at FROM stage WHERE lifecycle_id = $1) s
LEFT JOIN step ON step.to_stage_id = s.id AND step.cohort IS NOT DISTINCT FROM size.cohort
              AND step.label IS NOT DISTINCT FROM size.label
WHERE s.archived_at IS NULL OR step.entered > 0
ORDER BY size.cohort, size.label NULLS LAST, s.position, s.key
"""


async def funnel(
    actor: Actor,
    *,
    entered: Period,
    lifecycle: str | None = None,
    cohort: Grain | None = None,
    group: Group = Group.NONE,
    where: Rule | None = None,
) -> list[FunnelStep]:
    """The funnel of those who entered the lifecycle in a period, by cohort and group, stages in their order.

    Segments are those at the end of the period. Raises NotFound, RuleInvalid, ValidationFailed, Forbidden.
    """
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(lifecycle)
    zone = (await organization.current()).time_zone
    values: list[Any] = [path.id, entered.since, entered.until]
    if cohort is not None:
        values += [cohort.value.lower(), zone]
    who = await audience(actor, where, first_parameter=len(values) + 1)
    by = grouping(group, at="$3::timestamptz")
    statement = _FUNNEL.format(
        cohort="NULL::date" if cohort is None else "(date_trunc($4, v.entered_at AT TIME ZONE $5))::date",
        label=by.label,
        customers="" if who.everybody else " JOIN customer c ON c.id = t.customer_id",
        grouped="" if group is Group.NONE else f" JOIN customer c ON c.id = v.customer_id{by.joins}",
        who=who.condition,
    )
    rows = await fetch_wide(statement, *values, *who.values)
    return [_step(row, group) for row in rows]


def _step(row: Any, group: Group) -> FunnelStep:
    median, p90 = row["quantiles"] or (None, None)
    entered, size = row["entered"], row["size"]
    return FunnelStep(
        row["cohort"],
        shown(group, row["label"]),
        row["stage"],
        size,
        entered,
        row["went_on"],
        row["lost"],
        row["went_on"] / entered if entered else None,
        entered / size if size else None,
        median,
        p90,
    )
