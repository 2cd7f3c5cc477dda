"""What customers won in one period brought as they grew older."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, formats, period_names
from admin.charts import Chart, Line
from admin.request import now
from admin.value.matrix import GRAINS, grain_of
from admin.value.page import Run, ValuePage, current, no_run
from crm import organization
from crm.access import Actor
from crm.errors import CrmError
from crm.reports import portfolio
from crm.reports.portfolio import Told
from crm.value.runs.cohorts import CohortPoint
from crm.value.runs.periods import first_day
from crm.value.runs.portfolio import CohortGrain

BACK = {CohortGrain.MONTH: 365, CohortGrain.QUARTER: 2 * 365, CohortGrain.YEAR: 8 * 365}
"""Days from the first cohort to the run."""
LATELY = timedelta(days=31)
MEASURES = {"margin": lazy("Margin"), "revenue": lazy("Revenue")}
LEAST = Decimal("0.01")
NAMES = {
    CohortGrain.MONTH: lazy("Months since the first order"),
    CohortGrain.QUARTER: lazy("Quarters since the first order"),
    CohortGrain.YEAR: lazy("Years since the first order"),
}


class CohortPage(ValuePage):
    """Curves of cumulated value per customer, a cohort a line."""

    path = "/value/cohorts"
    menu_label = lazy("Cohorts")

    @route("", name="value-cohorts")
    async def index(self, request: Request) -> Response:
        run = await current()
        if run is None:
            return self.show(request, "empty.html", {"here": "value-cohorts", **no_run()})
        context = {
            "here": "value-cohorts",
            "run": run,
            "grain": grain_of(request),
            "grains": GRAINS,
            "measure": _measure(request),
            "measures": MEASURES,
        }
        return self.show(request, "cohorts.html", context)

    @route("/report", name="value-cohorts-report")
    async def report(self, request: Request) -> Response:
        run, grain = await current(), grain_of(request)
        if run is None:
            return self.unknown(request, **no_run())
        last = await _last_day(run)
        since = first_day(last - timedelta(days=BACK[grain]), grain)

        async def work(actor: Actor) -> Told[CohortPoint]:
            until = last + timedelta(days=1)
            return await portfolio.cohorts(actor, grain=grain, since=since, until=until, now=now())

        try:
            points = await self.told(request, ("cohorts", run.id, grain, last), work)
        except CrmError as problem:
            return self.unknown(request, problem)
        if not points:
            reason = _("Nobody ordered for the first time since %(day)s.") % {"day": formats.day(since)}
            return self.unknown(request, reason, _("Choose a longer period."))
        measure = _measure(request)
        context = {"drawn": curves(points, run, grain, measure), "table": table(points, run, grain, measure)}
        return self.fragment(request, "cohorts.html", context)


async def _last_day(run: Run) -> date:
    """The day of the run, but today where that is not long ago: then the figures may be kept ones."""
    zone = ZoneInfo((await organization.current()).time_zone)
    today, day = now().astimezone(zone).date(), run.as_of.astimezone(zone).date()
    return today if today - day <= LATELY else day


def _measure(request: Request) -> str:
    wanted = request.query_params.get("by", "")
    return wanted if wanted in MEASURES else "margin"


def _each(point: CohortPoint, measure: str) -> Decimal:
    total: Decimal = getattr(point, measure)
    return total / point.customers if point.customers else Decimal(0)


def _by_cohort(points: list[CohortPoint]) -> dict[date, list[CohortPoint]]:
    found: dict[date, list[CohortPoint]] = {}
    for point in points:
        found.setdefault(point.cohort, []).append(point)
    return found


def curves(points: list[CohortPoint], run: Run, grain: CohortGrain, measure: str) -> Chart:
    """One line a cohort over its age; ages that are not lived through are left out."""
    cohorts = _by_cohort(points)
    ages = range(max(point.age for point in points) + 1)
    series = []
    for start, lived in cohorts.items():
        values = {point.age: _each(point, measure) for point in lived}
        series.append(Line(period_names.of(start, grain), [values.get(age) for age in ages], dots=len(lived) == 1))
    return charts.lines(
        series,
        labels=[formats.number(age) for age in ages],
        summary=_("Cumulated value per customer of each cohort, by age"),
        form=charts.money(run.currency),
        x_name=str(NAMES[grain]),
        y_name=_("%(measure)s per customer") % {"measure": MEASURES[measure]},
        height=360,
    )


def table(points: list[CohortPoint], run: Run, grain: CohortGrain, measure: str) -> dict[str, Any]:
    """The triangle: a cohort a row, its age in columns, deeper colours for more."""
    cohorts = _by_cohort(points)
    ages = range(max(point.age for point in points) + 1)
    reached: list[Decimal] = [_each(point, measure) for point in points]
    most = max([*reached, LEAST])
    rows = []
    for start, lived in cohorts.items():
        values = {point.age: _each(point, measure) for point in lived}
        cells = [_shown(values.get(age), most, run.currency) for age in ages]
        size = formats.number(lived[0].customers)
        rows.append({"name": period_names.of(start, grain), "customers": size, "cells": cells})
    return {"ages": [formats.number(age) for age in ages], "rows": rows}


def _shown(value: Decimal | None, most: Decimal, currency: str) -> tuple[str, float]:
    return (
        ("", 0.0)
        if value is None
        else (formats.short_money(value, currency), round(float(max(value, Decimal(0)) / most), 3))
    )
