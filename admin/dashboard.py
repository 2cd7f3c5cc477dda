"""The first page: where customers stand, what they are worth, what happened last."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView, route
from starlette_admin.i18n import lazy_gettext as lazy

from admin import counting, pages
from admin.request import may
from crm.access import Scope
from crm.database import fetch, fetch_row

# Past this many customers the planner's statistics answer instead of a count.
COUNTED_UP_TO = 100_000

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
_RUN = "SELECT id, as_of, model, currency, customers, horizon_days FROM value_run WHERE is_current"
_WORTH = """
SELECT sum(clv) AS clv, sum(net_profit) AS net_profit, sum(value_at_risk) AS at_risk,
       avg(churn_risk) AS churn_risk, count(*) FILTER (WHERE churn_risk > 0.5) AS lapsing
FROM value_snapshot WHERE run_id = $1
"""
_GROUPS = """
SELECT rfm_group, count(*) AS customers, sum(clv) AS clv FROM value_snapshot
WHERE run_id = $1 AND rfm_group IS NOT NULL GROUP BY rfm_group ORDER BY sum(clv) DESC NULLS LAST
"""
_BEST = """
SELECT c.id, c.display_name, v.clv, v.net_profit, v.churn_risk, v.rfm_group
FROM value_snapshot v JOIN customer c ON c.id = v.customer_id
WHERE v.run_id = $1 AND v.clv IS NOT NULL ORDER BY v.clv DESC, v.customer_id LIMIT 6
"""
_EVENTS = """
SELECT e.type, e.actor_label, e.created_at, e.customer_id, c.display_name
FROM event e LEFT JOIN customer c ON c.id = e.customer_id ORDER BY e.created_at DESC, e.id DESC LIMIT 12
"""
_MONTH = """
SELECT (SELECT count(*) FROM (SELECT FROM customer WHERE created_at > now() - interval '30 days' LIMIT 10001) a) AS new,
       (SELECT count(*) FROM (SELECT FROM stage_transition t WHERE t.occurred_at > now() - interval '30 days'
        AND t.from_stage_id IS NOT NULL AND t.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
        LIMIT 10001) b) AS moved
"""


@dataclass(frozen=True, slots=True)
class Worth:
    """The portfolio's figures in one run; a published run never changes."""

    run: UUID
    totals: dict[str, Any]
    groups: list[dict[str, Any]]


class Home(CustomView):
    """The dashboard."""

    path = "/"
    route_name = "index"
    icon = "fa-solid fa-house"
    menu_label = lazy("Home")
    add_to_menu = False

    def __init__(self) -> None:
        super().__init__()
        self.worth: Worth | None = None

    @route("")
    async def index(self, request: Request) -> Response:
        context = {
            "stages": await stages() if may(request, Scope.LIFECYCLE_READ) else None,
            "value": await self.value() if may(request, Scope.VALUE_READ) else None,
            "sees_value": may(request, Scope.VALUE_READ),
            "events": await fetch(_EVENTS) if may(request, Scope.EVENT_READ) else None,
            "month": await month() if may(request, Scope.CUSTOMER_READ) else None,
        }
        return pages.render(self, request, "home.html", context)

    async def value(self) -> dict[str, Any] | None:
        run = await fetch_row(_RUN)
        if run is None:
            return None
        if self.worth is None or self.worth.run != run["id"]:
            totals = await fetch_row(_WORTH, run["id"])
            groups = [dict(row) for row in await fetch(_GROUPS, run["id"])]
            self.worth = Worth(run["id"], dict(totals or {}), groups)
        largest = max((group["clv"] or Decimal(0) for group in self.worth.groups), default=Decimal(0))
        return {
            **run,
            **self.worth.totals,
            "groups": self.worth.groups,
            "largest": largest,
            "best": await fetch(_BEST, run["id"]),
        }


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
    found = await fetch_row(_MONTH)
    return dict(found) if found else {"new": 0, "moved": 0}
