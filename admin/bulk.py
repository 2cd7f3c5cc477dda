"""Changing many records: chosen in the list, tried first, then done, with progress and what was refused."""

from __future__ import annotations

from collections.abc import Container
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, action, route
from starlette_admin.actions import ActionSelection
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import event_words, messages, pages, words
from admin.problems import said
from admin.request import actor_of, may, now
from admin.writing import UseCaseView
from crm import many
from crm.errors import CrmError
from crm.many import DEEDS, MOST_AT_ONCE, Verb
from models import Segment, SegmentKind, StaffMember, Stage

CHUNK = 25
"""Records in one request, so that the bar moves."""

OFFERED = 500
REASONED = (Verb.MOVE, Verb.DONE, Verb.DROP)
"""What can be given a reason."""


def verbs(request: Request, noun: str) -> dict[Verb, str]:
    """What the reader may do to many of a noun, in words."""
    named = _verbs()
    return {verb: named[verb] for verb, deed in DEEDS.get(noun, {}).items() if may(request, deed.scope)}


class ChangesMany(UseCaseView):
    """A noun of which many can be changed at once: the list leads to the page where that is tried, then done."""

    async def is_action_allowed(self, request: Request, name: str) -> bool:
        if name == "bulk":
            return bool(verbs(request, str(self.key)))
        return await super().is_action_allowed(request, name)

    @action(
        name="bulk",
        text=lazy("Try and change…"),
        icon_class="fa-solid fa-list-check",
        custom_response=True,
    )
    async def bulk(self, request: Request, selection: ActionSelection) -> Response:
        assert self._admin is not None
        page = next(view for view in self._admin._views if isinstance(view, BulkPages))
        return await page.chosen(request, str(self.key), [str(pk) for pk in await selection.pks()])


class BulkPages(CustomView):
    """The page of a change of many, and the address that its script sends them to, some at a time."""

    path = "/bulk"
    add_to_menu = False
    menu_label = lazy("Change several at once")

    def is_accessible(self, request: Request) -> bool:
        return any(verbs(request, noun) for noun in DEEDS)

    @route("", methods=["GET"], name="bulk")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="customer"), 303)

    async def chosen(self, request: Request, noun: str, keys: list[str]) -> Response:
        """What can be done to the records that were chosen."""
        offered = verbs(request, noun)
        context = {
            "noun": noun,
            "noun_name": event_words.noun(noun),
            "keys": orjson.dumps(keys).decode(),
            "count": len(keys),
            "chunk": CHUNK,
            "verbs": [(verb.value, text) for verb, text in offered.items()],
            "targets": await _targets(offered),
            "reasoned": [verb.value for verb in REASONED if verb in offered],
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
                noun=str(form.get("noun") or "customer"),
                target=str(form.get("target") or ""),
                reason=str(form.get("reason") or "").strip() or None,
                now=now(),
                dry_run=form.get("dry_run") == "1",
            )
        except CrmError as problem:
            return JSONResponse({"error": said(problem)}, problem.status)
        refused = [{"id": str(e.id), "name": e.name, "reason": messages.read(e.reason)} for e in done.refused]
        return JSONResponse({"changed": done.changed, "unchanged": done.unchanged, "refused": refused})


def _verbs() -> dict[Verb, str]:
    return {
        Verb.MOVE: _("Move to a stage"),
        Verb.OWNER: _("Give to an owner"),
        Verb.SEGMENT_IN: _("Put into a segment"),
        Verb.SEGMENT_OUT: _("Take out of a segment"),
        Verb.DONE: _("Mark as done"),
        Verb.DROP: _("Drop"),
        Verb.CANCEL: _("Mark as cancelled"),
        Verb.ARCHIVE: _("Archive"),
        Verb.RESTORE: _("Bring back"),
        Verb.DELETE: _("Delete"),
    }


async def _targets(offered: Container[Verb]) -> dict[str, list[tuple[str, str]]]:
    """Verb → what it can lead to, for those that lead somewhere."""
    return {verb.value: await find() for verb, find in _FINDING.items() if verb in offered}


async def _stages() -> list[tuple[str, str]]:
    found = await Stage.filter(lifecycle__is_default=True, archived_at=None).order_by("position")
    return [(stage.key, words.name(stage.name)) for stage in found]


async def _people() -> list[tuple[str, str]]:
    return [(str(each.id), each.name) for each in await StaffMember.filter(active=True).order_by("name").limit(OFFERED)]


async def _hand_picked() -> list[tuple[str, str]]:
    found = await Segment.filter(kind=SegmentKind.STATIC, archived_at=None).order_by("name").limit(OFFERED)
    return [(str(each.id), each.name) for each in found]


_FINDING = {
    Verb.MOVE: _stages,
    Verb.OWNER: _people,
    Verb.SEGMENT_IN: _hand_picked,
    Verb.SEGMENT_OUT: _hand_picked,
}
