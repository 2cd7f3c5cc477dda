"""The organisation's settings."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import choices, pages
from admin.problems import errors_of
from admin.request import actor_of, may
from crm import organization
from crm.access import Scope
from crm.errors import CrmError

NAMES = ("name", "base_currency", "time_zone", "country")


class OrganisationPage(CustomView):
    """What applies to all of the organisation's figures."""

    path = "/organisation"
    route_name = "organisation"
    icon = "fa-solid fa-building"
    menu_label = lazy("Organisation")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.SETTINGS_WRITE)

    @route("", methods=["GET", "POST"])
    async def index(self, request: Request) -> Response:
        current = await organization.current()
        values = {name: getattr(current, name) or "" for name in NAMES}
        if request.method == "GET":
            return self._page(request, values, {}, 200)
        form = await request.form()
        typed = {name: str(form.get(name) or "").strip() for name in NAMES}
        changed: Any = {name: text or None for name, text in typed.items() if text != values[name]}
        try:
            await organization.change(actor_of(request), **changed)
        except CrmError as problem:
            return self._page(request, typed, errors_of(problem, NAMES), 422)
        flash(request, _("The settings were saved."), "success")
        return RedirectResponse(request.url_for("admin:organisation"), 303)

    def _page(self, request: Request, values: dict[str, Any], errors: dict[str | int, Any], status: int) -> Response:
        context = {
            "values": values,
            "errors": errors,
            "currencies": choices.currencies(request),
            "zones": choices.time_zones(request),
            "countries": choices.countries(request),
        }
        return pages.render(self, request, "organisation.html", context, status)
