"""Changing many customers: chosen in the list, tried first, then done, with progress and what was refused."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import messages, pages
from admin.problems import said
from admin.request import actor_of, may, now
from crm import many
from crm.access import Scope
from crm.errors import CrmError
from crm.many import MOST_AT_ONCE, NEEDED, Verb
from models import Segment, SegmentKind, StaffMember, Stage

CHUNK = 25
"""Customers in one request, so that the bar moves."""

OFFERED = 500


class BulkPages(CustomView):
    """The page of a change of many, and the address that its script sends them to, some at a time."""

    path = "/bulk"
    add_to_menu = False
    menu_label = lazy("Change several customers")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.CUSTOMER_READ) and any(may(request, scope) for scope in NEEDED.values())

    @route("", methods=["GET"], name="bulk")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="customer"), 303)

    async def chosen(self, request: Request, keys: list[str]) -> Response:
        """What can be done to the customers that were chosen."""
        context = {
            "keys": orjson.dumps(keys).decode(),
            "count": len(keys),
            "chunk": CHUNK,
            "verbs": [(verb.value, text) for verb, text in _verbs().items() if may(request, NEEDED[verb])],
            "targets": await _targets(),
        }
        return pages.render(self, request, "bulk.html", context)

    @route("/change", methods=["POST"], name="bulk-change")
    async def change(self, request: Request) -> Response:
        form = await request.form()
        try:
            keys = [UUID(str(key)) for key in form.getlist("key")][: MOST_AT_ONCE + 1]
            verb = Verb(str(form.get("verb")))
        except ValueError:
            return JSONResponse({"error": _("This is none of the choices.")}, 422)
        try:
            done = await many.change(
                actor_of(request),
                verb,
                keys,
                target=str(form.get("target") or ""),
                reason=str(form.get("reason") or "").strip() or None,
                now=now(),
                dry_run=form.get("dry_run") == "1",
            )
        except CrmError as problem:
            return JSONResponse({"error": said(problem)}, problem.status)
        refused = [{"id": str(e.id), "name": e.name, "reason": messages.read(e.reason)} for e in done.refused]
        return JSONResponse({"changed": done.changed, "refused": refused})


def _verbs() -> dict[Verb, str]:
    return {
        Verb.MOVE: _("Move to a stage"),
        Verb.OWNER: _("Give to an owner"),
        Verb.SEGMENT_IN: _("Put into a segment"),
        Verb.SEGMENT_OUT: _("Take out of a segment"),
        Verb.ARCHIVE: _("Archive"),
    }


async def _targets() -> dict[str, list[tuple[str, str]]]:
    """Verb → what it can lead to."""
    stages = await Stage.filter(lifecycle__is_default=True, archived_at=None).order_by("position")
    people = await StaffMember.filter(active=True).order_by("name").limit(OFFERED)
    picked = await Segment.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name").limit(OFFERED)
    segments = [(str(each.id), each.name) for each in picked]
    found: dict[str, Any] = {
        Verb.MOVE.value: [(stage.key, _(stage.name)) for stage in stages],
        Verb.OWNER.value: [(str(each.id), each.name) for each in people],
        Verb.SEGMENT_IN.value: segments,
        Verb.SEGMENT_OUT.value: segments,
    }
    return found
