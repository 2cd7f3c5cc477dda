"""What all measures share: whom a goal is about, and over which time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal

from crm import organization
from crm.access import Actor
from crm.ids import encode
from crm.lifecycle.reports.frame import Period, midnight
from crm.rules.printer import quote
from models import Goal

Number = float | int | Decimal
Measure = Callable[[Actor, Goal, datetime], Awaitable[Number | None]]
"""Takes who asks, the goal and the time; None when there is nothing to measure."""


def where_of(goal: Goal, *, with_stage: bool = True) -> str | None:
    """The customers of a goal as a rule: of a segment, of an owner, in a stage of the default lifecycle."""
    parts = []
    if goal.segment:
        parts.append(f"in segment {quote(goal.segment)}")
    if goal.owner_id:
        parts.append(f"owner.id = {quote(encode('stf', goal.owner_id))}")
    if goal.stage and with_stage:
        parts.append(f"stage = {quote(goal.stage)}")
    return " and ".join(parts) or None


async def period_of(goal: Goal, now: datetime) -> Period | None:
    """From the first day of the goal to now; before that there is nothing."""
    since = midnight(goal.starts_on, (await organization.current()).time_zone)
    return Period(since, now) if since < now else None
