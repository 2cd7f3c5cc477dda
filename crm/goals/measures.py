"""How each figure of a goal is measured: by the report that shows it, or by one statement of the same tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm import depth, feedback, quality
from crm.access import Actor, Scope, need
from crm.goals.frame import Measure, Number, period_of, where_of
from crm.lifecycle import store
from crm.lifecycle.reports import churn as churn_report
from crm.lifecycle.reports import funnel as funnel_report
from crm.lifecycle.reports import standing
from crm.lifecycle.reports.frame import Group, Period, audience
from crm.lifecycle.reports.reading import fetch_wide
from models import Goal, RatingKind


async def _value(actor: Actor, statement: str, values: Sequence[Any], where: str | None, **parts: str) -> Number | None:
    """One number over the customers `c` whom a rule describes; {who} stands in the statement for them."""
    who = await audience(actor, where, first_parameter=len(values) + 1)
    rows = await fetch_wide(statement.format(who=who.condition, **parts), *values, *who.values)
    found: Number | None = rows[0]["value"]
    return found


# -- lifecycle -------------------------------------------------------------------------------------------------------


async def churn(actor: Actor, goal: Goal, now: datetime) -> Number | None:
    period = await period_of(goal, now)
    if period is None:
        return None
    rows = await churn_report.churn(
        actor, period=period, lifecycle=goal.lifecycle, group=Group.NONE, where=where_of(goal)
    )
    return rows[0].rate if rows else None


async def retention(actor: Actor, goal: Goal, now: datetime) -> Number | None:
    lost = await churn(actor, goal, now)
    return None if lost is None else 1 - float(lost)


def funnel(read: Callable[[funnel_report.FunnelStep], Number | None]) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        period = await period_of(goal, now)
        if period is None:
            return None
        where = where_of(goal, with_stage=False)
        steps = await funnel_report.funnel(actor, entered=period, lifecycle=goal.lifecycle, where=where)
        return next((read(step) for step in steps if step.stage == goal.stage), None)

    return measure


def waiting(read: Callable[[standing.Waiting], Number | None]) -> Measure:
    """A figure of one stage; of all stages together, where the goal names none."""

    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        period = await period_of(goal, now)
        if period is None:
            return None
        where = where_of(goal, with_stage=False)
        rows = await standing.waiting(actor, period=period, now=now, lifecycle=goal.lifecycle, where=where)
        chosen = [read(row) for row in rows if goal.stage in (None, row.stage)]
        known = [number for number in chosen if number is not None]
        return sum(map(float, known)) if known else None

    return measure


_STANDING = """
SELECT count(*) AS value FROM stage_position p JOIN stage s ON s.id = p.stage_id
JOIN customer c ON c.id = p.customer_id
WHERE p.lifecycle_id = $1 AND s.key = $2 AND c.archived_at IS NULL AND {who}
"""
_ENTERED = """
SELECT count(*) AS value FROM stage_transition t JOIN customer c ON c.id = t.customer_id
WHERE t.lifecycle_id = $1 AND t.from_stage_id IS NULL AND t.occurred_at >= $2 AND t.occurred_at < $3 AND {who}
"""
_MEMBERS = "SELECT count(*) AS value FROM customer c WHERE {who}"


async def stage_size(actor: Actor, goal: Goal, now: datetime) -> Number | None:
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(goal.lifecycle)
    return await _value(actor, _STANDING, [path.id, goal.stage], where_of(goal, with_stage=False))


async def new_customers(actor: Actor, goal: Goal, now: datetime) -> Number | None:
    need(actor, Scope.LIFECYCLE_READ)
    period, path = await period_of(goal, now), await store.lifecycle_by_key(goal.lifecycle)
    if period is None:
        return None
    return await _value(actor, _ENTERED, [path.id, period.since, period.until], where_of(goal))


async def segment_size(actor: Actor, goal: Goal, now: datetime) -> Number | None:
    need(actor, Scope.SEGMENT_READ)
    return await _value(actor, _MEMBERS, [], where_of(goal))


# -- feedback, service, data -----------------------------------------------------------------------------------------


def score(kind: RatingKind) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        period = await period_of(goal, now)
        rows = await feedback.scores(actor, period=period, kinds=[kind], where=where_of(goal)) if period else []
        return rows[0].value if rows else None

    return measure


def complaints(read: Callable[[feedback.Complaints], Number | None], *, none: Number | None = None) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        period = await period_of(goal, now)
        if period is None:
            return None
        rows = await feedback.complaints(actor, period=period, now=now, where=where_of(goal))
        return read(rows[0]) if rows else none

    return measure


def data_quality(read: Callable[[quality.QualityReport], Number]) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        rows = await quality.report(actor, now=now, where=where_of(goal))
        return read(rows[0]) if rows else None

    return measure


def exposed(read: Callable[[depth.Exposure], Number]) -> Measure:
    """Of customers who lean on one staff member alone, over all staff or, where the goal names one, over that one."""

    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        period = await period_of(goal, now)
        if period is None:
            return None
        rows = await depth.exposure(actor, since=period.since, now=now)
        return sum((Decimal(read(row)) for row in rows if goal.owner_id in (None, row.staff_id)), Decimal())

    return measure


# -- one statement over a period -------------------------------------------------------------------------------------

# Money of the roll-up is counted in ten-thousandths.
BOUGHT = """
SELECT {figure} AS value FROM customer_day d JOIN customer c ON c.id = d.customer_id
WHERE d.day >= $1::date AND d.day <= $2::date AND {who}
"""
AGAIN = """
SELECT avg((days > 1)::int)::float8 AS value FROM (
    SELECT count(*) AS days FROM customer_day d JOIN customer c ON c.id = d.customer_id
    WHERE d.purchases > 0 AND d.day >= $1::date AND d.day <= $2::date AND {who} GROUP BY d.customer_id) buyer
"""
TOUCHED = """
SELECT count(*) AS value FROM interaction i JOIN customer c ON c.id = i.customer_id
WHERE i.occurred_at >= $1 AND i.occurred_at < $2 AND i.kind <> 'NOTE' AND {who}
"""
PROMISED = """
SELECT avg((f.status = 'DONE' AND f.closed_at <= f.due_at)::int)::float8 AS value
FROM follow_up f JOIN customer c ON c.id = f.customer_id
WHERE f.due_at >= $1 AND f.due_at < $2 AND f.status <> 'DROPPED' AND {who}
"""
REFERRED = """
SELECT count(*) AS value FROM relationship r JOIN customer c ON c.id = r.related_id
WHERE r.kind = 'REFERRED_BY' AND coalesce(r.since::timestamptz, r.created_at) >= $1
  AND coalesce(r.since::timestamptz, r.created_at) < $2 AND {who}
"""


def bought(figure: str, *scopes: Scope, statement: str = BOUGHT) -> Measure:
    """A figure of the days on which customers bought, on the organisation's calendar."""

    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        need(actor, Scope.ORDER_READ, *scopes)
        period = await period_of(goal, now)
        if period is None:
            return None
        days = [goal.starts_on, now.astimezone(period.since.tzinfo).date()]
        return await _value(actor, statement, days, where_of(goal), figure=figure)

    return measure


def counted(statement: str, scope: Scope) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        need(actor, scope)
        period: Period | None = await period_of(goal, now)
        if period is None:
            return None
        return await _value(actor, statement, [period.since, period.until], where_of(goal))

    return measure


_WORTH = """
SELECT {figure} AS value FROM value_snapshot v JOIN customer c ON c.id = v.customer_id
WHERE v.run_id = (SELECT id FROM value_run WHERE is_current) AND {who}
"""


def worth(figure: str, *scopes: Scope) -> Measure:
    """A figure of the current value run."""

    async def measure(actor: Actor, goal: Goal, now: datetime) -> Number | None:
        need(actor, Scope.VALUE_READ, *scopes)
        return await _value(actor, _WORTH, [], where_of(goal), figure=figure)

    return measure
