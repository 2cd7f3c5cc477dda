"""The board: a column for each stage, on which customers are moved by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import gettext as translated
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, messages, pages
from admin.lifecycle import obstacles
from admin.lifecycle.page import counts
from admin.problems import said
from admin.request import actor_of, may, now
from crm.access import Scope
from crm.database import fetch, fetch_row
from crm.errors import Blocked, CrmError, NotFound, VersionConflict
from crm.lifecycle import positions, store
from models import Lifecycle

SHOWN = 12
COUNTED = 1_000
ORDERS = {"longest": "ASC", "newest": "DESC"}

_CARDS = """
SELECT p.customer_id, c.display_name, p.entered_at, s.key AS stage, s.target_days, o.name AS owner, v.clv, v.currency
FROM stage_position p JOIN stage s ON s.id = p.stage_id JOIN customer c ON c.id = p.customer_id
LEFT JOIN staff_member o ON o.id = c.owner_id
LEFT JOIN LATERAL (SELECT w.clv, r.currency FROM value_run r JOIN value_snapshot w
                   ON w.run_id = r.id AND w.customer_id = p.customer_id WHERE r.is_current AND $4) v ON true
WHERE p.stage_id = $1{mine} ORDER BY p.entered_at {order}, p.customer_id {order} LIMIT $2 OFFSET $3
"""
_WHERE = """
SELECT s.key, s.name FROM stage_position p JOIN stage s ON s.id = p.stage_id
WHERE p.customer_id = $1 AND p.lifecycle_id = $2
"""


class BoardPage(CustomView):
    """Customers by stage."""

    path = "/lifecycle-board"
    route_name = "lifecycle-board"
    icon = "fa-solid fa-table-columns"
    menu_label = lazy("Board")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.LIFECYCLE_READ, Scope.CUSTOMER_READ)

    @route("", methods=["GET"])
    async def index(self, request: Request) -> Response:
        known = await Lifecycle.filter(archived_at=None).order_by("-is_default", "name")
        if not known:
            return pages.render(self, request, "lifecycle/board.html", {"lifecycle": None, "known": []})
        wanted = request.query_params.get("lifecycle")
        lifecycle = next((one for one in known if one.key == wanted), known[0])
        found = await counts(lifecycle.id, COUNTED)
        columns = []
        for stage in await store.stages_of(lifecycle.id):
            cards, more = await _cards(request, stage.id, 0)
            columns.append({"stage": stage, "cards": cards, "more": more, "count": found.get(stage.key, 0)})
        context = {
            "lifecycle": lifecycle,
            "known": known,
            "columns": columns,
            "counted": COUNTED,
            "ways": await _ways(lifecycle),
            "order": _order(request),
            "mine": request.query_params.get("mine") == "1",
            "may_move": may(request, Scope.STAGE_MOVE),
        }
        return pages.render(self, request, "lifecycle/board.html", context)

    @route("/cards", methods=["GET"], name="lifecycle-cards")
    async def cards(self, request: Request) -> Response:
        """More of one column."""
        try:
            lifecycle = await store.lifecycle_by_key(request.query_params.get("lifecycle"))
        except NotFound:
            raise HTTPException(404) from None
        stages = await store.stages_of(lifecycle.id)
        stage = next((one for one in stages if one.key == request.query_params.get("stage")), None)
        if stage is None:
            raise HTTPException(404)
        skip = request.query_params.get("skip", "")
        start = int(skip) if skip.isdigit() and len(skip) < 6 else 0
        cards, more = await _cards(request, stage.id, min(start, COUNTED))
        context = {"cards": cards, "more": more, "stage": stage, "lifecycle": lifecycle, "skip": start}
        assert self.templates is not None
        return self.templates.TemplateResponse(
            request, "lifecycle/cards.html", {**context, "may_move": may(request, Scope.STAGE_MOVE)}
        )

    @route("/move", methods=["POST"], name="lifecycle-move")
    async def move(self, request: Request) -> Response:
        """Try or make one move; somebody else's move meanwhile is told with where the customer stands now."""
        form = await request.form()
        given = {name: str(form.get(name) or "").strip() for name in ("lifecycle", "to", "from", "reason")}
        try:
            customer = UUID(str(form.get("customer")))
        except ValueError:
            raise HTTPException(404) from None
        trial = form.get("dry_run") == "1"
        try:
            made = await positions.move(
                actor_of(request),
                customer,
                to=given["to"],
                now=now(),
                lifecycle=given["lifecycle"] or None,
                expected_stage=given["from"] or None,
                reason=given["reason"] or None,
                dry_run=trial,
            )
        except VersionConflict as conflict:
            return await _conflict(customer, given["lifecycle"], conflict)
        except Blocked as blocked:
            told = [
                {**each, "message": messages.read(each["message"])} for each in blocked.details.get("obstacles", ())
            ]
            return JSONResponse({"message": said(blocked), "obstacles": told}, blocked.status)
        except CrmError as problem:
            return JSONResponse({"message": said(problem)}, problem.status)
        standing = [obstacles.told(each) for each in made.obstacles]
        return JSONResponse({"ready": not standing, "obstacles": standing, "moved": not trial})


async def _conflict(customer: UUID, lifecycle: str, conflict: VersionConflict) -> Response:
    path = await store.lifecycle_by_key(lifecycle or None)
    row = await fetch_row(_WHERE, customer, path.id)
    stage, name = (row["key"], translated(row["name"])) if row else (None, "")
    told = _("Somebody else moved this customer meanwhile; it stands in “%(stage)s” now.") % {"stage": name}
    return JSONResponse({"conflict": told, "stage": stage}, conflict.status)


async def _ways(lifecycle: Lifecycle) -> dict[str, list[dict[str, Any]]]:
    """Stage → where allowed moves lead from it."""
    definition = await store.definition_of(lifecycle)
    names = {stage.key: _(stage.name) for stage in definition.stages}
    found: dict[str, list[dict[str, Any]]] = {stage.key: [] for stage in definition.stages}
    for edge in definition.edges:
        found[edge.start].append({"to": edge.end, "name": names[edge.end], "reason": edge.requires_reason})
    return found


def _order(request: Request) -> str:
    wanted = request.query_params.get("order", "")
    return wanted if wanted in ORDERS else "longest"


async def _cards(request: Request, stage_id: UUID, skip: int) -> tuple[list[dict[str, Any]], bool]:
    order = ORDERS[_order(request)]
    owner = [actor_of(request).id] if request.query_params.get("mine") == "1" else []
    statement = _CARDS.format(order=order, mine=" AND c.owner_id = $5" if owner else "")
    rows = await fetch(statement, stage_id, SHOWN + 1, skip, may(request, Scope.VALUE_READ), *owner)
    return [_card(row) for row in rows[:SHOWN]], len(rows) > SHOWN


def _card(row: Any) -> dict[str, Any]:
    stood = now() - row["entered_at"]
    late = row["target_days"] is not None and stood.days >= row["target_days"]
    return {
        **row,
        "stood": formats.span(stood.total_seconds()),
        "late": late,
        "worth": formats.money(row["clv"], row["currency"]) if row["clv"] is not None else None,
    }
