"""How far goals are: measured for their own page and Home, as last noted in their list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _

from admin import charts, formats
from admin.charts import Chart, Line, Mark
from admin.problems import said
from admin.request import actor_of, may, now
from admin.value.kept import Kept, NotYet
from crm import goals, organization
from crm.access import Actor, Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.goals import FIGURES, Progress, Unit
from models import Goal, GoalMeasurement

Told = dict[str, Any]

WRITERS: dict[Unit, Callable[[Decimal, str], str]] = {
    Unit.SHARE: lambda value, code: formats.percent(float(value), decimals=1),
    Unit.NUMBER: lambda value, code: formats.number(value),
    Unit.MONEY: lambda value, code: formats.short_money(value, code),
    Unit.DAYS: lambda value, code: _("%(number)s days") % {"number": formats.number(value)},
    Unit.POINTS: lambda value, code: formats.number(value, decimals=1),
}
FORMS: dict[Unit, Callable[[str], charts.Form]] = {
    Unit.SHARE: lambda code: charts.percent(1),
    Unit.NUMBER: lambda code: charts.number(),
    Unit.MONEY: charts.money,
    Unit.DAYS: lambda code: charts.number(),
    Unit.POINTS: lambda code: charts.number(1),
}
STALE = timedelta(days=2)
"""A running goal whose figure was noted longer ago is measured anew."""

_NOTED = """
SELECT DISTINCT ON (goal_id) goal_id, day, value FROM goal_measurement WHERE goal_id = ANY ($1::uuid[])
ORDER BY goal_id, day DESC
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A goal and how far it is, or why that cannot be told; kept, so in no reader's language."""

    goal: Goal
    progress: Progress | None
    problem: CrmError | None = None


async def measured(actor: Actor, goal: Goal) -> Measured:
    """A goal measured now."""
    try:
        return Measured(goal, await goals.progress(actor, goal, now=now()))
    except CrmError as problem:
        return Measured(goal, None, problem)


def told(found: Measured, currency: str) -> Told:
    """A goal's way in words: from where, where it is, to where, and the share of the way that is done."""
    goal, progress = found.goal, found.progress
    if progress is None:
        return {"goal": goal, "reason": said(found.problem) if found.problem else ""}
    write = WRITERS[FIGURES[goal.figure].unit]
    return {
        "goal": goal,
        "progress": progress,
        "share": min(max(progress.progress or 0.0, 0.0), 1.0),
        "from": write(goal.baseline, currency),
        "here": None if progress.current is None else write(progress.current, currency),
        "to": write(goal.target, currency),
    }


async def noted(found: Sequence[Goal]) -> dict[UUID, Told]:
    """Goal → its way by the figure that was noted last, where that is of these days or the goal is over."""
    today, currency = now().date(), (await organization.current()).base_currency
    rows = {row["goal_id"]: row for row in await fetch(_NOTED, [goal.id for goal in found])}
    return {
        goal.id: told(Measured(goal, goals.progress_of(goal, rows[goal.id]["value"], today)), currency)
        for goal in found
        if goal.id in rows and rows[goal.id]["day"] >= min(today, goal.due_on) - STALE
    }


class GoalProgress(CustomView):
    """One goal measured, with its figures day by day; a part of other pages, for measuring may take a scan."""

    path = "/goal-progress"
    add_to_menu = False

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept()

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.CUSTOMER_READ)

    @route("", methods=["GET"], name="goal-progress-root")
    async def index(self, request: Request) -> Response:
        """Without an address of its own here, the library's takes the name of the home page."""
        return RedirectResponse(request.url_for("admin:list", key="goal"), 303)

    @route("/{key}", methods=["GET"], name="goal-progress")
    async def of_one(self, request: Request) -> Response:
        goal, actor = await _goal(request), actor_of(request)
        reader = (actor.scopes, None if actor.row_filter is None else actor.id)
        currency = (await organization.current()).base_currency
        assert self.templates is not None
        try:
            key = (goal.id, goal.version, *reader)
            figures = await self.kept.soon(key, lambda: measured(actor, goal))
        except NotYet:
            return self.templates.TemplateResponse(request, "value/parts/working.html")
        row = told(figures.found, currency)
        if request.query_params.get("short"):
            return self.templates.TemplateResponse(request, "fields/goal_progress.html", {"data": row})
        context = {"part": "parts/goal.html", "figures": figures, "row": row, "curve": None}
        if actor.row_filter is None:
            context["curve"] = curve(goal, await goals.measurements(actor, goal), currency)
        return self.templates.TemplateResponse(request, "parts/aged.html", context)


def curve(goal: Goal, days: Sequence[GoalMeasurement], currency: str) -> Chart | None:
    """The figure day by day, against the target; nothing before there are two days."""
    known = [one for one in days if one.value is not None]
    if len(known) < 2:
        return None
    return charts.lines(
        [Line(_("Figure"), [one.value for one in known], dots=len(known) < 15)],
        labels=[formats.day(one.day) for one in known],
        summary=_("The figure day by day"),
        form=FORMS[FIGURES[goal.figure].unit](currency),
        x_name=_("Day"),
        marks=[Mark("y", float(goal.target), _("Target"))],
        height=260,
    )


async def _goal(request: Request) -> Goal:
    try:
        found = await Goal.get_or_none(id=UUID(request.path_params["key"]))
    except ValueError:
        found = None
    if found is None:
        raise HTTPException(404)
    return found
