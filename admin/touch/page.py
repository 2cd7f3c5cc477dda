"""Reports on touchpoints: the form in the address, the figures asked for once the page is there."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import kept_report, pages, period_names, words
from admin.kept_report import grain_name
from admin.request import actor_of, may, now
from admin.touch import asked as form
from admin.touch import figures
from admin.touch.asked import Asked
from crm import organization
from crm.access import Scope

WORDS = {
    "NONE": lazy("All together"),
    "CHANNEL": lazy("Channel"),
    "STAFF": lazy("Staff member"),
    "SEGMENT": lazy("Segment"),
    "STAGE": lazy("Stage"),
    "OWNER": lazy("Owner"),
    "SOURCE": lazy("Source"),
    "COUNTRY": lazy("Country"),
    "CREATOR": lazy("Who entered them"),
    "IMPORT": lazy("Import"),
}


class TouchReports(CustomView):
    """Feedback, what it hangs on, complaints, who serves whom, and the quality of data."""

    path = "/touch-reports"
    route_name = "touch-reports"
    icon = "fa-solid fa-face-smile"
    menu_label = lazy("Reports")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.CUSTOMER_READ)

    @route("", methods=["GET"])
    async def index(self, request: Request) -> Response:
        known, asked = await _asked(request)
        context = {
            "asked": asked,
            "titles": [(key, title) for key, title in titles() if key in known],
            "dated": asked.report in form.DATED,
            "grains": [(one.value, grain_name(one)) for one in form.GRAINS] if asked.report in form.IN_STEPS else [],
            "by": [(one, str(WORDS.get(one, words.value(one)))) for one in map(str, form.BY.get(asked.report, ()))],
        }
        return pages.render(self, request, "touch/page.html", context, 422 if asked.errors else 200)

    @route("/figures", methods=["GET"], name="touch-figures")
    async def figures(self, request: Request) -> Response:
        """The figures of what the form in the address asks; see `kept_report.show`."""
        _known, asked = await _asked(request)

        async def draw(found: Any) -> dict[str, Any]:
            return await figures.READERS[asked.report](asked, found)

        question = None if asked.errors else asked.question
        context = {"asked": asked, "period": period_names.of}
        return await kept_report.show(self, request, "touch/figures.html", question, draw, context)


async def _asked(request: Request) -> tuple[list[str], Asked]:
    known = form.offered(actor_of(request))
    zone = (await organization.current()).time_zone
    return known, await form.read(request.query_params, known, zone, now())


def titles() -> list[tuple[str, str]]:
    return [
        ("scores", _("Feedback")),
        ("drivers", _("What it hangs on")),
        ("complaints", _("Complaints")),
        ("exposure", _("Who serves whom")),
        ("quality", _("Quality of data")),
    ]
