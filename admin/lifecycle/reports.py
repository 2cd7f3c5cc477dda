"""Reports on a lifecycle: the form in the address, the figures asked for once the page is there."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages
from admin.lifecycle import figures, periods
from admin.lifecycle.periods import Asked
from admin.problems import said
from admin.request import actor_of, may, now
from crm import organization
from crm.access import Scope
from crm.errors import CrmError
from crm.lifecycle.reports.frame import Grain, Group
from models import Lifecycle


class ReportsPage(CustomView):
    """Funnel, transitions, forecast, cohorts, waiting and churn."""

    path = "/lifecycle-reports"
    route_name = "lifecycle-reports"
    icon = "fa-solid fa-filter"
    menu_label = lazy("Reports")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.LIFECYCLE_READ)

    @route("", methods=["GET"])
    async def index(self, request: Request) -> Response:
        known, asked = await self._asked(request)
        context = {
            "asked": asked,
            "known": known,
            "titles": titles(),
            "grains": [(one.value, grain_name(one)) for one in periods.GRAINS.get(asked.report, ())],
            "groups": [(one.value, group_name(one)) for one in periods.GROUPS.get(asked.report, ())],
        }
        return pages.render(self, request, "lifecycle/reports.html", context, 422 if asked.errors else 200)

    @route("/figures", methods=["GET"], name="lifecycle-figures")
    async def figures(self, request: Request) -> Response:
        _known, asked = await self._asked(request)
        assert self.templates is not None
        found: dict[str, Any] = {}
        problem = ""
        if asked.period is not None:
            try:
                found = await figures.READERS[asked.report](actor_of(request), asked, asked.period, now())
            except CrmError as refused:
                problem = said(refused)
        return self.templates.TemplateResponse(
            request, "lifecycle/figures.html", {"asked": asked, "problem": problem, **found}
        )

    async def _asked(self, request: Request) -> tuple[list[Lifecycle], Asked]:
        known = await Lifecycle.filter(archived_at=None).order_by("-is_default", "name")
        zone = (await organization.current()).time_zone
        return known, periods.read(request.query_params, [one.key for one in known], zone, now())


def titles() -> list[tuple[str, str]]:
    return [
        ("funnel", _("Funnel")),
        ("matrix", _("Transitions")),
        ("forecast", _("Where they end")),
        ("cohorts", _("Cohorts")),
        ("waiting", _("Bottlenecks")),
        ("churn", _("Churn")),
    ]


def grain_name(grain: Grain) -> str:
    return {
        Grain.DAY: _("Day"),
        Grain.WEEK: _("Week"),
        Grain.MONTH: _("Month"),
        Grain.QUARTER: _("Quarter"),
        Grain.YEAR: _("Year"),
    }[grain]


def group_name(group: Group) -> str:
    return {
        Group.NONE: _("All together"),
        Group.SEGMENT: _("Segment"),
        Group.OWNER: _("Owner"),
        Group.SOURCE: _("Source"),
        Group.CHANNEL: _("Acquisition channel"),
        Group.COUNTRY: _("Country"),
        Group.KIND: _("Kind"),
        Group.STAGE: _("Stage"),
    }[group]
