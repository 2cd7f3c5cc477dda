"""The goals that run, and how far they are; measuring may take a scan, so it comes after the page and is kept."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from starlette_admin.i18n import gettext as _

from admin import formats
from admin.problems import said
from admin.request import now
from crm import goals, organization
from crm.access import Actor
from crm.errors import CrmError
from crm.goals import FIGURES, Unit
from models import Goal

MOST = 5
WRITERS: dict[Unit, Callable[[Decimal, str], str]] = {
    Unit.SHARE: lambda value, code: formats.percent(float(value), decimals=1),
    Unit.NUMBER: lambda value, code: formats.number(value),
    Unit.MONEY: lambda value, code: formats.short_money(value, code),
    Unit.DAYS: lambda value, code: _("%(number)s days") % {"number": formats.number(value)},
    Unit.POINTS: lambda value, code: formats.number(value, decimals=1),
}


async def running(actor: Actor) -> list[dict[str, Any]]:
    """The goals that are due first, measured now; one that cannot be measured says why."""
    today = now().date()
    found = await Goal.filter(archived_at=None, starts_on__lte=today, due_on__gte=today).order_by("due_on").limit(MOST)
    currency = (await organization.current()).base_currency
    return [await _measured(actor, goal, currency) for goal in found]


async def _measured(actor: Actor, goal: Goal, currency: str) -> dict[str, Any]:
    write = WRITERS[FIGURES[goal.figure].unit]
    told = {"goal": goal, "from": write(goal.baseline, currency), "to": write(goal.target, currency)}
    try:
        progress = await goals.progress(actor, goal, now=now())
    except CrmError as problem:
        return {**told, "reason": said(problem)}
    reached = min(max(progress.progress or 0.0, 0.0), 1.0)
    here = None if progress.current is None else write(progress.current, currency)
    return {**told, "progress": progress, "share": reached, "here": here}
