"""The history of a goal: its figure day by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from crm import organization
from crm.access import Actor, Scope, need
from crm.database import execute
from crm.errors import CrmError
from crm.goals.progress import measured
from models import Goal, GoalMeasurement
from models.base import new_id

log = structlog.get_logger("arzesh.goals")

_KEEP = """
INSERT INTO goal_measurement (id, created_at, updated_at, goal_id, day, value)
VALUES ($1, now(), now(), $2, ($3::timestamptz AT TIME ZONE $4)::date, $5)
ON CONFLICT (goal_id, day) DO UPDATE SET value = excluded.value, updated_at = now()
"""
GRACE = timedelta(days=1)


async def keep(actor: Actor, *, now: datetime) -> int:
    """Note today's figure of every goal that has begun and is not over; returns how many.

    Done again the same day it replaces what was noted. A goal that cannot be measured (its segment is gone, say) is
    passed over, so that it does not keep the others from being noted. Raises Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    zone = (await organization.current()).time_zone
    today = now.date()
    goals = await Goal.filter(archived_at=None, starts_on__lte=today, due_on__gte=today - GRACE).order_by("id")
    kept = 0
    for goal in goals:
        try:
            value = await measured(actor, goal, now=now)
        except CrmError as error:
            log.warning("a goal cannot be measured", goal=str(goal.id), reason=error.message)
            continue
        rounded = None if value is None else value.quantize(Decimal("0.0001"))
        await execute(_KEEP, new_id(), goal.id, now, zone, rounded)
        kept += 1
    return kept


async def measurements(actor: Actor, goal: Goal) -> list[GoalMeasurement]:
    """A goal's figures, day by day. Raises Forbidden."""
    need(actor, Scope.CUSTOMER_READ)
    return await GoalMeasurement.filter(goal_id=goal.id).order_by("day")
