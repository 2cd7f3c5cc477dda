"""The retention triangle: of those who came together, how many are still active, period by period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from crm import organization
from crm.access import Actor, Scope, need
from crm.lifecycle import store
from crm.lifecycle.guards import Rule
from crm.lifecycle.reports.frame import Grain, Period, audience, days_of, first_day, midnight, next_day
from crm.lifecycle.reports.reading import fetch_wide


class Basis(StrEnum):
    """Who counts as active in a period: who bought in it, or who stands in an open or won stage at its end."""

    ORDERS = "ORDERS"
    STAGE = "STAGE"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers whose first period began on `since`; `active[k]` of them were so k periods later.

    Periods that are not over yet have None: nobody knows. `rates` are shares of `size`.
    """

    since: date
    size: int
    active: list[int | None]

    @property
    def rates(self) -> list[float | None]:
        return [None if count is None or not self.size else count / self.size for count in self.active]


_ORDERS = """
WITH bought AS (
    SELECT d.customer_id, date_trunc($1, d.day::timestamp)::date AS step
    FROM customer_day d{customers} WHERE d.purchases > 0 AND {who}
    GROUP BY 1, 2
), told AS (
    SELECT step, min(step) OVER (PARTITION BY customer_id) AS cohort FROM bought
)
SELECT cohort, step, count(*) AS customers FROM told
WHERE cohort >= $2 AND cohort <= $3 GROUP BY cohort, step
"""
# `ends` are the ends of the steps; a stay covers those after entering, up to leaving.
_STAGES = """
WITH stay AS (
    SELECT t.customer_id, t.to_stage_id, t.occurred_at, t.id,
           width_bucket(t.occurred_at, $2::timestamptz[]) + 1 AS first,
           coalesce(width_bucket(lead(t.occurred_at) OVER path, $2::timestamptz[]), cardinality($2::timestamptz[]))
               AS last,
           width_bucket(first_value(t.occurred_at) OVER path, $2::timestamptz[]) AS cohort
    FROM stage_transition t{customers}
    WHERE t.lifecycle_id = $1 AND t.occurred_at < ($2::timestamptz[])[cardinality($2::timestamptz[])] AND {who}
    WINDOW path AS (PARTITION BY t.customer_id ORDER BY t.occurred_at, t.id)
)
SELECT cohort, first, last, count(*) AS customers
FROM stay JOIN stage s ON s.id = stay.to_stage_id
WHERE cohort > 0 AND first <= last AND s.outcome IN ('OPEN', 'WON')
GROUP BY cohort, first, last
"""
_SIZES = """
SELECT width_bucket(t.occurred_at, $2::timestamptz[]) AS cohort, count(*) AS customers
FROM stage_transition t{customers}
WHERE t.lifecycle_id = $1 AND t.from_stage_id IS NULL AND {who}
  AND t.occurred_at >= ($2::timestamptz[])[1] AND t.occurred_at < ($2::timestamptz[])[cardinality($2::timestamptz[])]
GROUP BY 1
"""


async def triangle(
    actor: Actor,
    *,
    came: Period,
    now: datetime,
    grain: Grain = Grain.MONTH,
    basis: Basis = Basis.ORDERS,
    lifecycle: str | None = None,
    where: Rule | None = None,
) -> list[Cohort]:
    """The cohorts of a period, oldest first, each up to now. An empty cohort stands with size 0.

    With ORDERS a cohort is the period of the first order, and only its first cell counts everybody; with STAGE that
    of entering the lifecycle. Raises NotFound, ValidationFailed (too many periods), RuleInvalid, Forbidden.
    """
    need(actor, *_SCOPES[basis])
    zone = (await organization.current()).time_zone
    steps = days_of(Period(came.since, max(now, came.until)), grain, zone)
    cohorts = [step for step in steps if midnight(step, zone) < came.until]
    today = first_day(now.astimezone(ZoneInfo(zone)).date(), grain)
    lived = sum(step < today for step in steps)
    read = {Basis.ORDERS: _by_orders, Basis.STAGE: _by_stage}[basis]
    sizes, cells = await read(actor, steps, len(cohorts), grain, zone, lifecycle, where)
    return [_cohort(number, step, steps, lived, sizes, cells) for number, step in enumerate(cohorts)]


_SCOPES = {Basis.ORDERS: (Scope.ORDER_READ,), Basis.STAGE: (Scope.LIFECYCLE_READ,)}
Cells = Mapping[tuple[int, int], int]


def _cohort(number: int, step: date, steps: list[date], lived: int, sizes: Mapping[int, int], cells: Cells) -> Cohort:
    active = [cells.get((number, at), 0) if at < lived else None for at in range(number, len(steps))]
    return Cohort(step, sizes.get(number, 0), active)


async def _by_orders(
    actor: Actor,
    steps: list[date],
    cohorts: int,
    grain: Grain,
    zone: str,
    lifecycle: str | None,
    where: Rule | None,
) -> tuple[Mapping[int, int], Cells]:
    who = await audience(actor, where, first_parameter=4)
    customers = "" if who.everybody else " JOIN customer c ON c.id = d.customer_id"
    statement = _ORDERS.format(customers=customers, who=who.condition)
    rows = await fetch_wide(statement, grain.value.lower(), steps[0], steps[cohorts - 1], *who.values)
    place = {step: number for number, step in enumerate(steps)}
    cells = {(place[row["cohort"]], place[row["step"]]): row["customers"] for row in rows if row["step"] in place}
    return {cohort: count for (cohort, step), count in cells.items() if cohort == step}, cells


async def _by_stage(
    actor: Actor,
    steps: list[date],
    cohorts: int,
    grain: Grain,
    zone: str,
    lifecycle: str | None,
    where: Rule | None,
) -> tuple[Mapping[int, int], Cells]:
    path = await store.lifecycle_by_key(lifecycle)
    ends = [midnight(step, zone) for step in [*steps, next_day(steps[-1], grain)]]
    who = await audience(actor, where, first_parameter=3)
    customers = "" if who.everybody else " JOIN customer c ON c.id = t.customer_id"
    rows = await fetch_wide(_STAGES.format(customers=customers, who=who.condition), path.id, ends, *who.values)
    sizes = await fetch_wide(_SIZES.format(customers=customers, who=who.condition), path.id, ends, *who.values)
    # End number b + 1, counted from 1 as `ends` begins with a beginning, is that of step b - 1, counted from 0.
    cells: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        for end in range(max(row["first"], 2), row["last"] + 1):
            cells[row["cohort"] - 1, end - 2] += row["customers"]
    return {row["cohort"] - 1: row["customers"] for row in sizes}, cells


def churn_of(cohort: Cohort) -> list[float | None]:
    """1 − active now / active before, period by period; None where one of them is unknown or nobody was left."""
    pairs = pairwise(cohort.active)
    return [None if after is None or not before else 1 - after / before for before, after in pairs]
