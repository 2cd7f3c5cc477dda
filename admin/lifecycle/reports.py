"""Reports on a lifecycle: the form in the address, the figures asked for once the page is there."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import messages, pages
from admin.lifecycle import figures, periods
from admin.lifecycle.periods import Asked
from admin.problems import said
from admin.request import actor_of, may, now
from crm import organization
from crm.access import Scope
from crm.errors import CrmError
from crm.lifecycle.reports.frame import Grain, Group
from crm.reports import kept
from crm.reports.kept import Answer
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
        """The figures, or, while they are worked out, that they are; nothing while the reader has seen the newest."""
        _known, asked = await self._asked(request)
        assert self.templates is not None
        found: dict[str, Any] = {"problem": "", "answer": None}
        try:
            found |= {} if asked.errors else await _figures(request, asked)
        except CrmError as refused:
            found["problem"] = said(refused)
        seen = seen_of(found["answer"])
        if request.query_params.get("seen") == seen and found["answer"].renewing:
            return Response(status_code=204)
        here = request.url.remove_query_params(["renew", "seen"])
        context = {
            "asked": asked,
            "renew": here.include_query_params(renew="1").query,
            "seen": here.include_query_params(seen=seen).query,
        }
        return self.templates.TemplateResponse(request, "lifecycle/figures.html", context | found)

    async def _asked(self, request: Request) -> tuple[list[Lifecycle], Asked]:
        known = await Lifecycle.filter(archived_at=None).order_by("-is_default", "name")
        zone = (await organization.current()).time_zone
        return known, await periods.read(request.query_params, [one.key for one in known], zone, now())


async def _figures(request: Request, asked: Asked) -> dict[str, Any]:
    actor, renew = actor_of(request), request.query_params.get("renew") == "1"
    answer = await kept.ask(actor, periods.question(asked), now=now(), renew=renew)
    if answer.found is None:
        return {"answer": answer, "problem": messages.read(answer.problem) if answer.problem else ""}
    return {"answer": answer, **await figures.READERS[asked.report](actor, asked, answer.found, now())}


def seen_of(answer: Answer | None) -> str | None:
    """By what a page recognises the figures that it shows."""
    return None if answer is None else answer.worked_at.isoformat() if answer.worked_at else "nothing"


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
