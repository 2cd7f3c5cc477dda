"""Reports on a lifecycle: the form in the address, the figures asked for once the page is there."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import kept_report, pages, period_names
from admin.kept_report import grain_name
from admin.lifecycle import figures, periods
from admin.lifecycle.periods import Asked
from admin.request import actor_of, may, now
from crm import organization
from crm.access import Scope
from crm.lifecycle.reports.frame import Group
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
            "cohorts": [(one.value, grain_name(one)) for one in periods.COHORTS] if asked.report == "funnel" else [],
            "groups": [(one.value, group_name(one)) for one in periods.GROUPS.get(asked.report, ())],
        }
        return pages.render(self, request, "lifecycle/reports.html", context, 422 if asked.errors else 200)

    @route("/figures", methods=["GET"], name="lifecycle-figures")
    async def figures(self, request: Request) -> Response:
        """The figures of what the form in the address asks; see `kept_report.show`."""
        _known, asked = await self._asked(request)

        async def draw(found: Any) -> dict[str, Any]:
            return await figures.READERS[asked.report](actor_of(request), asked, found, now())

        question = None if asked.errors else periods.question(asked)
        context = {"asked": asked, "period": period_names.of}
        return await kept_report.show(self, request, "lifecycle/figures.html", question, draw, context)

    async def _asked(self, request: Request) -> tuple[list[Lifecycle], Asked]:
        known = await Lifecycle.filter(archived_at=None).order_by("-is_default", "name")
        zone = (await organization.current()).time_zone
        return known, await periods.read(request.query_params, [one.key for one in known], zone, now())


def titles() -> list[tuple[str, str]]:
    return [
        ("funnel", _("Funnel")),
        ("matrix", _("Transitions")),
        ("forecast", _("Where they end")),
        ("cohorts", _("Cohorts")),
        ("waiting", _("Bottlenecks")),
        ("churn", _("Churn")),
    ]


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
