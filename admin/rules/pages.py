"""The addresses that the editor of rules asks while somebody writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _

from admin import formats, words
from admin.request import actor_of, may, now
from admin.rules import vocabulary
from admin.rules.faults import told
from admin.rules.reading import body_of, read
from crm.access import Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.rules.completion import Kind, Suggestion
from crm.segments import completing, versions
from crm.segments.preview import Count, Preview, preview

MOST_TEXT = 20_000
AT_ONCE = 3
"""Rules that are tried at once: who types asks more often than statements end, and other pages need connections too."""

Found = TypeVar("Found")


class RuleDesk(CustomView):
    """Reading, completing and trying a rule; nothing is kept."""

    path = "/rules"
    add_to_menu = False

    def __init__(self) -> None:
        super().__init__()
        self.room = asyncio.Semaphore(AT_ONCE)

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.CUSTOMER_READ, Scope.SEGMENT_READ)

    @route("", name="rule-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="segment"), 303)

    @route("/vocabulary", methods=["GET"], name="rule-vocabulary")
    async def vocabulary(self, request: Request) -> Response:
        return JSONResponse(await vocabulary.vocabulary(request, now()))

    @route("/read", methods=["POST"], name="rule-read")
    async def read(self, request: Request) -> Response:
        return JSONResponse(await read(actor_of(request), await body_of(request), now()))

    @route("/complete", methods=["POST"], name="rule-complete")
    async def complete(self, request: Request) -> Response:
        given = await body_of(request)
        text, cursor = str(given.get("text") or "")[:MOST_TEXT], given.get("cursor")
        at = cursor if isinstance(cursor, int) else len(text)
        found = await completing.suggest(actor_of(request), text, at, locale=get_locale(), now=now())
        return JSONResponse(
            {"start": found.start, "end": found.end, "suggestions": [_suggestion(one) for one in found.suggestions]}
        )

    @route("/preview", methods=["POST"], name="rule-preview")
    async def preview(self, request: Request) -> Response:
        """Count, sample and cost; a browser that asks no longer cancels the statement."""
        given = await body_of(request)
        began = perf_counter()
        actor, text, exact = actor_of(request), str(given.get("text") or ""), given.get("exact") is True
        try:
            found = await _while_there(request, self.room, lambda: preview(actor, text, now=now(), exact=exact))
        except CrmError as problem:
            return JSONResponse({"faults": told(problem)}, problem.status)
        if found is None:
            return Response(status_code=204)
        return JSONResponse(_preview(request, found, perf_counter() - began))

    @route("/difference", methods=["POST"], name="rule-difference")
    async def difference(self, request: Request) -> Response:
        """Who would enter and leave a segment if it had this rule."""
        given = await body_of(request)
        try:
            key = UUID(str(given.get("segment")))
            actor, text = actor_of(request), str(given.get("text") or "")
            found = await _while_there(request, self.room, lambda: versions.difference(actor, key, text, now=now()))
        except ValueError:
            return JSONResponse({"faults": []}, 404)
        except CrmError as problem:
            return JSONResponse({"faults": told(problem)}, problem.status)
        return Response(status_code=204) if found is None else JSONResponse(await _difference(request, found))


async def _while_there(request: Request, room: asyncio.Semaphore, ask: Callable[[], Awaitable[Found]]) -> Found | None:
    """The answer, or None once nobody waits for it any longer; what runs is cancelled then.

    A cancelled statement has its connection, and so its place in the room, until the server has let go of it.
    """
    task = asyncio.create_task(_in_turn(room, ask))
    task.add_done_callback(_heard)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=0.2)
            if not task.done() and await request.is_disconnected():
                return None
        return task.result()
    finally:
        task.cancel()


async def _in_turn(room: asyncio.Semaphore, ask: Callable[[], Awaitable[Found]]) -> Found:
    async with room:
        return await ask()


def _heard(task: asyncio.Task[Any]) -> None:
    """What goes wrong with something that nobody waits for concerns nobody."""
    if not task.cancelled():
        task.exception()


def _suggestion(one: Suggestion) -> dict[str, str]:
    plain = one.text.strip('"')
    label = words.value(plain) if one.kind is Kind.VALUE and plain in words.VALUES else one.label
    return {"kind": one.kind.value, "text": one.text, "label": label, "detail": one.detail}


def counted(count: Count) -> dict[str, Any]:
    """A count as the reader reads it: exact, or about so many between two bounds."""
    shown = formats.number(count.value)
    bounds = f"{formats.number(count.low)} – {formats.number(count.high)}"
    return {
        "value": count.value,
        "exact": count.exact,
        "shown": shown if count.exact else _("about %(number)s") % {"number": shown},
        "range": None if count.exact else bounds,
    }


def _preview(request: Request, found: Preview, seconds: float) -> dict[str, Any]:
    conditions = [{"text": each.text, "path": list(each.path), **counted(each.matched)} for each in found.conditions]
    return {
        "text": found.text,
        "count": counted(found.count) if found.count else None,
        "conditions": conditions if len(conditions) > 1 else [],
        "sample": [_person(request, key, name) for key, name in found.sample],
        "cost": found.cost,
        "warnings": [_warnings().get(warning, warning) for warning in found.warnings],
        "took": _("%(number)s ms") % {"number": formats.number(seconds * 1000)},
        "cost_shown": _costs().get(found.cost, found.cost),
    }


def _costs() -> dict[str, str]:
    return {"LOW": _("light"), "MEDIUM": _("moderate"), "HIGH": _("heavy")}


def _warnings() -> dict[str, str]:
    return {
        "TIMEOUT_ESTIMATED": _("Counting all took too long; this is an estimate."),
        "TIMEOUT": _("Counting took too long; narrow the rule down."),
    }


def _person(request: Request, key: UUID, name: str) -> dict[str, str]:
    return {"name": name, "url": str(detail_url(request, "customer", str(key)))}


async def _difference(request: Request, found: versions.Difference) -> dict[str, Any]:
    ids = [*found.entering_examples, *found.leaving_examples]
    rows = await fetch("SELECT id, display_name FROM customer WHERE id = ANY ($1::uuid[])", ids)
    names = {row["id"]: row["display_name"] for row in rows}
    people = {
        side: [_person(request, key, names[key]) for key in getattr(found, f"{side}_examples") if key in names]
        for side in ("entering", "leaving")
    }
    counts = {name: getattr(found, name) for name in ("entering", "leaving", "staying")}
    shown = {name: formats.number(count) for name, count in counts.items()}
    return {"known": found.entering is not None, "counts": counts, "shown": shown, "people": people}
