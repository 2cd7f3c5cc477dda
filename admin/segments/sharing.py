"""Which customers segments share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages
from admin.problems import said
from admin.request import actor_of, may
from admin.segments import figures
from admin.segments.library_words import named
from admin.value.kept import Kept, NotYet
from crm.access import Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.segments import history

_KNOWN = """
SELECT key, name, size, kind FROM segment WHERE archived_at IS NULL ORDER BY size DESC, name LIMIT 200
"""
FIRST_SHOWN = 6
MOST_SHOWN = 12


class OverlapPage(CustomView):
    """The segments to choose from, and the matrix of those chosen or, unasked, of the largest."""

    path = "/segment-overlap"
    route_name = "segment-overlap"
    icon = "fa-solid fa-circle-half-stroke"
    menu_label = lazy("Overlap")

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept()

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.SEGMENT_READ)

    @route("")
    async def index(self, request: Request) -> Response:
        known, chosen = await _chosen(request)
        asked = urlencode([("key", key) for key in chosen])
        shared = f"{request.url_for('admin:segment-shared').path}?{asked}" if len(chosen) > 1 else None
        context = {"known": known, "chosen": chosen, "shared": shared, "most": MOST_SHOWN}
        return pages.render(self, request, "segments/overlap.html", context)

    @route("/shared", name="segment-shared")
    async def shared(self, request: Request) -> Response:
        """The matrix: of large segments it takes a second, so it comes after the page and is kept."""
        assert self.templates is not None
        (known, chosen), actor = await _chosen(request), actor_of(request)
        try:
            history.need_whole(actor)
            found = await self.kept.soon(frozenset(chosen), lambda: history.overlaps(actor, chosen))
        except NotYet:
            return self.templates.TemplateResponse(request, "value/parts/working.html")
        except CrmError as problem:
            return self.templates.TemplateResponse(request, "segments/refused.html", {"message": said(problem)})
        names = {row["key"]: named(row["name"]) for row in known}
        drawn = figures.overlap(found.found, chosen, names)
        context = {"part": "segments/shared.html", "figures": found, "found": drawn}
        return self.templates.TemplateResponse(request, "parts/aged.html", context)


async def _chosen(request: Request) -> tuple[list[Any], list[str]]:
    known = await fetch(_KNOWN)
    there = {row["key"] for row in known}
    asked = [key for key in request.query_params.getlist("key") if key in there]
    largest = [row["key"] for row in known if row["size"]][:FIRST_SHOWN]
    return known, list(dict.fromkeys(asked))[:MOST_SHOWN] or largest
