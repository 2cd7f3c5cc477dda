"""From a cell of a report to a segment of its customers, which stays fresh by its rule."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, words
from admin.problems import errors_of
from admin.request import actor_of, may, now
from admin.value.page import ValuePage
from crm.access import Scope
from crm.errors import CrmError
from crm.segments import definitions, refresh
from crm.segments.preview import Preview, preview
from crm.value.figures import CELLS
from crm.value.rfm import GROUPS
from models import SegmentKind

SCORES = frozenset("12345")
KINDS = (SegmentKind.DYNAMIC, SegmentKind.SNAPSHOT)


class SegmentingPage(ValuePage):
    """Shows the rule and how many it finds, and asks before it makes the segment."""

    path = "/value/segment"
    menu_label = lazy("New segment")

    def is_accessible(self, request: Request) -> bool:
        return super().is_accessible(request) and may(request, Scope.SEGMENT_WRITE)

    @route("", methods=["GET", "POST"], name="value-segment")
    async def index(self, request: Request) -> Response:
        asked = of(request.query_params)
        if asked is None:
            raise HTTPException(404, _("This part of the portfolio is not known."))
        if request.method == "GET":
            return await self._form(request, asked, asked, {}, 200)
        form = await request.form()
        typed = {name: str(form.get(name) or "").strip() for name in ("name", "key", "kind")}
        kind = SegmentKind(typed["kind"]) if typed["kind"] in {kind.value for kind in KINDS} else SegmentKind.DYNAMIC
        actor = actor_of(request)
        fields: Any = {"name": typed["name"]}
        try:
            made = await definitions.create_by_rule(
                actor, key=typed["key"], kind=kind, rule=asked["rule"], fields=fields, now=now()
            )
            await refresh.soon(actor, made.id, now=now())
        except CrmError as problem:
            return await self._form(request, asked, typed, errors_of(problem, ("name", "key", "rule")), problem.status)
        flash(request, _("The segment was made; its members follow from its rule."), "success")
        return RedirectResponse(detail_url(request, "segment", str(made.id)), 303)

    async def _form(
        self, request: Request, asked: dict[str, str], typed: dict[str, str], errors: dict[Any, Any], status: int
    ) -> Response:
        context = {
            "here": "",
            "asked": asked,
            "typed": typed,
            "errors": errors,
            "kinds": [(kind.value, words.value(kind)) for kind in KINDS],
            "found": await _previewed(request, asked["rule"]),
        }
        return self.show(request, "segment.html", context, status)


async def _previewed(request: Request, rule: str) -> Preview | None:
    """How many customers there are now; None when the reader may not know or it takes too long."""
    try:
        return await preview(actor_of(request), rule, now=now(), sample=5)
    except CrmError:
        return None


def of(query: QueryParams) -> dict[str, str] | None:
    """Rule, name and key for the part of the portfolio that the address names; None when it names none."""
    recency, frequency = query.get("recency", ""), query.get("frequency", "")
    if {recency, frequency} <= SCORES:
        said = {"recency": formats.digits(recency), "frequency": formats.digits(frequency)}
        return {
            "rule": f"valueMetrics.recencyScore = {recency} and valueMetrics.frequencyScore = {frequency}",
            "name": _("Recency %(recency)s, frequency %(frequency)s") % said,
            "key": f"rfm-{recency}-{frequency}",
        }
    return _named(query)


def _named(query: QueryParams) -> dict[str, str] | None:
    group, cell, tier = (query.get(name, "") for name in ("group", "cell", "tier"))
    if group in GROUPS:
        return _part(f'valueMetrics.rfmGroup = "{group}"', words.value(group), f"rfm-{group}")
    if cell in CELLS:
        return _part(f'valueMetrics.matrixCell = "{cell}"', words.value(cell), f"matrix-{cell}")
    if tier in SCORES:
        name = _("Value tier %(number)s") % {"number": formats.digits(tier)}
        return _part(f"valueMetrics.valueTier = {tier}", name, f"value-tier-{tier}")
    return None


def _part(rule: str, name: str, key: str) -> dict[str, str]:
    return {"rule": rule, "name": name, "key": key.lower().replace("_", "-")}
