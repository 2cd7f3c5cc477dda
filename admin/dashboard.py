"""The first page: who needs attention today, how the portfolio stands, what is fresh, how far goals are."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import charts, counting, formats, goal_progress, pages, words
from admin.charts import Chart, Line
from admin.home import attention, freshness, goals
from admin.request import actor_of, may
from admin.value.kept import Kept, NotYet
from admin.value.page import Run, current
from admin.value.rfm import graded, grouped
from crm import organization
from crm.access import Scope
from crm.database import fetch, fetch_row

# Past this many customers the planner's statistics answer instead of a count.
COUNTED_UP_TO = 100_000
LOOKED_AT = 5_000
"""Customers that came last, among whom those won lately are counted."""

_STAGES = """
SELECT s.id, s.key, s.name, s.outcome, count(p.id) AS customers
FROM stage s JOIN lifecycle l ON l.id = s.lifecycle_id AND l.is_default
LEFT JOIN stage_position p ON p.stage_id = s.id
GROUP BY s.id ORDER BY s.position
"""
_STAGES_ESTIMATED = """
WITH common AS (
    SELECT unnest(most_common_vals::text::uuid[]) AS stage_id, unnest(most_common_freqs) AS share
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'stage_position' AND attname = 'stage_id'
)
SELECT s.id, s.key, s.name, s.outcome, round(coalesce(c.share, 0) * $1)::bigint AS customers
FROM stage s JOIN lifecycle l ON l.id = s.lifecycle_id AND l.is_default
LEFT JOIN common c ON c.stage_id = s.id ORDER BY s.position
"""
_HISTORY = """
SELECT as_of, portfolio -> 'equity' AS equity, portfolio -> 'profit' AS profit FROM value_run
WHERE status IN ('PUBLISHED', 'RETIRED') AND currency = $1 AND portfolio ? 'equity' ORDER BY as_of DESC LIMIT 24
"""
_EVENTS = """
SELECT e.type, e.actor_label, e.created_at, e.customer_id, c.display_name
FROM (SELECT * FROM event ORDER BY created_at DESC, id DESC LIMIT 8) e LEFT JOIN customer c ON c.id = e.customer_id
ORDER BY e.created_at DESC, e.id DESC
"""
# Only rows that came lately can be of customers won lately; an index gives these in order. Where so many came that not
# all of them are looked at, as after an import of old data, how many are new stays unsaid.
_MONTH = """
SELECT (SELECT CASE WHEN count(*) FILTER (WHERE a.new) > 1000 OR count(*) <= $1
                         OR min(a.created_at) <= now() - interval '30 days' THEN count(*) FILTER (WHERE a.new) END
        FROM (SELECT created_at, archived_at IS NULL AND coalesce(acquired_at, created_at) > now() - interval '30 days'
                     AS new
              FROM customer ORDER BY created_at DESC, id DESC LIMIT $1 + 1) a) AS new,
       (SELECT count(*) FROM (SELECT FROM stage_transition t WHERE t.occurred_at > now() - interval '30 days'
        AND t.from_stage_id IS NOT NULL AND t.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
        LIMIT 1001) b) AS moved
"""


class Home(CustomView):
    """The dashboard."""

    path = "/"
    route_name = "index"
    icon = "fa-solid fa-house"
    menu_label = lazy("Home")
    add_to_menu = False

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept()

    @route("")
    async def index(self, request: Request) -> Response:
        run = await current() if may(request, Scope.VALUE_READ) else None
        whole = run is not None and actor_of(request).row_filter is None
        context = {
            "stages": await stages() if may(request, Scope.LIFECYCLE_READ) else None,
            "value": await value(run) if run and whole else None,
            "sees_value": may(request, Scope.VALUE_READ),
            "events": await fetch(_EVENTS) if may(request, Scope.EVENT_READ) else None,
            "month": await month() if may(request, Scope.CUSTOMER_READ) else None,
            "fresh": await freshness.freshness(),
            **await attention.needed(request, run.id if run else None),
        }
        return pages.render(self, request, "home.html", context)

    @route("/home/goals", name="home-goals")
    async def goals(self, request: Request) -> Response:
        actor = actor_of(request)
        reader = (actor.scopes, None if actor.row_filter is None else actor.id)
        assert self.templates is not None
        try:
            figures = await self.kept.soon(("goals", *reader), lambda: goals.running(actor))
        except NotYet:
            return self.templates.TemplateResponse(request, "value/parts/working.html")
        currency = (await organization.current()).base_currency
        rows = [goal_progress.told(each, currency) for each in figures.found]
        context = {"part": "parts/home_goals.html", "figures": figures if rows else None, "rows": rows}
        return self.templates.TemplateResponse(request, "parts/aged.html", context)


async def value(run: Run) -> dict[str, Any]:
    """What the run stored of everybody; a million customers cost no more than ten."""
    history = [
        (row["as_of"], orjson.loads(row["equity"]), orjson.loads(row["profit"]))
        for row in await fetch(_HISTORY, run.currency)
    ]
    groups = grouped(graded(run.figures.get("rfm") or [], "residual")) if run.figures.get("rfm") else []
    before = history[1] if len(history) > 1 else None
    equity = float(run.figures.get("equity") or 0)
    return {
        "run": run,
        "currency": run.currency,
        "figures": run.figures,
        "groups": groups,
        "before": before[0] if before else None,
        "change": equity - before[1] if before else None,
        "curve": over_time(run, history[::-1]) if len(history) > 1 else None,
        "bars": group_bars(run, groups) if groups else None,
    }


def over_time(run: Run, history: list[tuple[Any, float, float]]) -> Chart:
    """Customer equity and profit so far, run by run."""
    return charts.lines(
        [
            Line(_("Customer equity"), [equity for _day, equity, _profit in history], area=True, dots=True),
            Line(_("Profit so far"), [profit for _day, _equity, profit in history], tone="gold", dots=True),
        ],
        labels=[formats.day(day.date()) for day, _equity, _profit in history],
        summary=_("Customer equity and profit so far, by value run"),
        form=charts.money(run.currency),
        x_name=_("As of"),
        height=240,
    )


def group_bars(run: Run, groups: list[dict[str, Any]]) -> Chart:
    """Which RFM groups hold the value to come."""
    return charts.bars(
        [_group(row) for row in groups],
        [
            Line(
                _("Still to come"),
                [row["residual"] for row in groups],
                tone="gold",
                labels=[formats.short_money(row["residual"], run.currency) for row in groups],
            )
        ],
        summary=_("Value still to come, by RFM group"),
        form=charts.money(run.currency),
        x_name=_("RFM group"),
        horizontal=True,
        height=40 + 28 * len(groups),
    )


def _group(row: dict[str, Any]) -> str:
    return f"{words.value(row['group'])} ({formats.number(row['customers'])})"


async def stages() -> dict[str, Any]:
    """Customers by stage, counted or, in a large database, estimated."""
    size = await counting.estimated("stage_position")
    estimated = size > COUNTED_UP_TO
    rows = await fetch(_STAGES_ESTIMATED, float(size)) if estimated else await fetch(_STAGES)
    total = sum(row["customers"] for row in rows)
    return {
        "rows": rows,
        "total": total,
        "most": max((r["customers"] for r in rows), default=0),
        "estimated": estimated,
    }


async def month() -> dict[str, Any]:
    """Customers won and stage moves in 30 days, both to a thousand; None where it cannot be told cheaply."""
    found = await fetch_row(_MONTH, LOOKED_AT)
    return dict(found) if found else {"new": 0, "moved": 0}
