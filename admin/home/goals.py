"""The goals that run, and how far they are; measuring may take a scan, so it comes after the page and is kept."""

from __future__ import annotations

from admin import goal_progress
from admin.request import now
from crm.access import Actor
from models import Goal

MOST = 5


async def running(actor: Actor) -> list[goal_progress.Measured]:
    """The goals that are due first, measured now; one that cannot be measured says why."""
    today = now().date()
    found = await Goal.filter(archived_at=None, starts_on__lte=today, due_on__gte=today).order_by("due_on").limit(MOST)
    return [await goal_progress.measured(actor, goal) for goal in found]
