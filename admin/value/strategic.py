"""Strategically significant customers: proposed with evidence, confirmed or put aside by a person, until a review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import route
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats
from admin.problems import said
from admin.request import actor_of, may, now
from admin.value.page import ValuePage
from crm.access import Scope
from crm.database import fetch, fetch_value
from crm.errors import CrmError
from crm.value.runs import strategic
from models import DesignationStatus, StrategicKind

SHOWN = 24
REVIEW_AFTER = timedelta(days=182)
KINDS = {
    StrategicKind.HIGH_LIFETIME_VALUE: (lazy("High lifetime value"), lazy("few who hold most of all value")),
    StrategicKind.BENCHMARK: (lazy("Benchmark"), lazy("others follow their example")),
    StrategicKind.INSPIRATION: (lazy("Inspiration"), lazy("their ideas changed what you do")),
    StrategicKind.COST_MAGNET: (lazy("Cost magnet"), lazy("their profit carries the fixed cost")),
}
STATUSES = {
    DesignationStatus.PROPOSED: lazy("Proposed"),
    DesignationStatus.CONFIRMED: lazy("Confirmed"),
    DesignationStatus.DISMISSED: lazy("Put aside"),
    DesignationStatus.EXPIRED: lazy("Expired"),
}
_ROWS = """
SELECT d.id, d.kind, d.status, d.evidence, d.proposed_at, d.decided_at, d.decided_by, d.review_on, d.note, d.version,
       d.customer_id, c.display_name
FROM strategic_designation d JOIN customer c ON c.id = d.customer_id
WHERE d.status = $1 AND ($2::text IS NULL OR d.kind = $2)
ORDER BY d.review_on NULLS FIRST, d.kind, d.proposed_at DESC, d.id LIMIT $3 OFFSET $4
"""
_FOUND = "SELECT count(*) FROM strategic_designation WHERE status = $1 AND ($2::text IS NULL OR kind = $2)"
_COUNTS = "SELECT status, count(*) AS customers FROM strategic_designation GROUP BY status"


class Pages(NamedTuple):
    """Where in the list the reader is: the number of this page and of the last one."""

    here: int
    last: int


class StrategicPage(ValuePage):
    """The list by status, and its two buttons."""

    path = "/value/strategic"
    icon = "fa-solid fa-star"
    menu_label = lazy("Strategic customers")
    add_to_menu = True

    @route("", name="value-strategic")
    async def index(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(self, request: Request, refused: dict[str, Any] | None = None, status: int = 200) -> Response:
        wanted, kind = _status(request), _kind(request)
        found = await fetch_value(_FOUND, wanted.value, kind)
        last = max(1, -(-found // SHOWN))
        page = min(_page_number(request), last)
        rows = await fetch(_ROWS, wanted.value, kind, SHOWN, (page - 1) * SHOWN)
        currency = await _currency()
        context = {
            "here": "value-strategic",
            "rows": [{**row, "evidence": told(orjson.loads(row["evidence"]), currency)} for row in rows],
            "pages": Pages(page, last),
            "asked": _asked(request),
            "counts": {row["status"]: row["customers"] for row in await fetch(_COUNTS)},
            "status": wanted.value,
            "statuses": STATUSES,
            "kinds": {kind.value: told for kind, told in KINDS.items()},
            "kind": kind,
            "review": (now().date() + REVIEW_AFTER).isoformat(),
            "tomorrow": (now().date() + timedelta(days=1)).isoformat(),
            "refused": refused or {},
            "may_decide": may(request, Scope.CUSTOMER_WRITE, Scope.VALUE_READ),
            "may_propose": may(request, Scope.VALUE_RECOMPUTE),
        }
        return self.show(request, "strategic.html", context, status)

    @route("/propose", methods=["POST"], name="value-strategic-propose")
    async def propose(self, request: Request) -> Response:
        try:
            done = await strategic.propose(actor_of(request), now=now())
            flash(request, _("%(number)s proposals are up to date.") % {"number": formats.number(done)}, "success")
        except CrmError as problem:
            flash(request, said(problem), "error")
        return RedirectResponse(request.url_for("admin:value-strategic"), 303)

    @route("/{key}/decide", methods=["POST"], name="value-strategic-decide")
    async def decide(self, request: Request) -> Response:
        form = await request.form()
        given = {name: str(form.get(name) or "").strip() for name in ("review_on", "note", "version", "answer")}
        key = request.path_params["key"]
        try:
            confirm = given["answer"] == "confirm"
            made = await strategic.decide(
                actor_of(request),
                UUID(key),
                expected_version=int(given["version"]),
                confirm=confirm,
                review_on=date.fromisoformat(given["review_on"]),
                note=given["note"] or None,
                now=now(),
            )
        except CrmError as problem:
            return await self._page(request, {"key": key, "message": said(problem), **given}, problem.status)
        except ValueError:
            message = _("Give the day of the review.")
            return await self._page(request, {"key": key, "message": message, **given}, 422)
        answer = _("Confirmed until %(day)s.") if confirm else _("Put aside until %(day)s.")
        flash(request, answer % {"day": formats.day(made.review_on)}, "success")
        # Back to where the reader was, to decide the next.
        return RedirectResponse(request.url_for("admin:value-strategic").include_query_params(**_asked(request)), 303)


async def _currency() -> str | None:
    rows = await fetch("SELECT currency FROM value_run WHERE is_current")
    return rows[0]["currency"] if rows else None


def _status(request: Request) -> DesignationStatus:
    wanted = request.query_params.get("status", "")
    return DesignationStatus(wanted) if wanted in DesignationStatus.__members__ else DesignationStatus.PROPOSED


def _kind(request: Request) -> str | None:
    wanted = request.query_params.get("kind", "")
    return wanted if wanted in StrategicKind.__members__ else None


def _page_number(request: Request) -> int:
    """The page that was asked for; what is no number is the first."""
    wanted = request.query_params.get("page", "")
    return max(1, int(wanted)) if wanted.isdecimal() and len(wanted) < 7 else 1


def _asked(request: Request) -> dict[str, str]:
    """What narrows the list and where in it the reader is, as the address says it."""
    return {name: request.query_params[name] for name in ("status", "kind", "page") if request.query_params.get(name)}


def told(evidence: dict[str, Any], currency: str | None) -> list[tuple[str, str]]:
    """The evidence of a proposal in words."""
    writers: dict[str, tuple[str, Callable[[Any], str]]] = {
        "clv": (_("Lifetime value"), lambda value: formats.money(value, currency)),
        "clvRank": (_("Rank by value"), formats.number),
        "volumeRank": (_("Rank by revenue"), formats.number),
        "shareBefore": (_("Held by those above"), formats.percent),
        "brought": (_("Customers brought"), formats.number),
        "ideas": (_("Ideas"), formats.number),
        "adopted": (_("Ideas taken up"), formats.number),
        "profit": (_("Net profit"), lambda value: formats.money(value, currency)),
        "pool": (_("All cost to serve"), lambda value: formats.money(value, currency)),
        "share": (_("Share of it"), formats.percent),
    }
    return [(writers[key][0], writers[key][1](value)) for key, value in evidence.items() if key in writers]
