"""Who needs attention today: what the reader promised, who is stuck, where value is at risk, who is about to lapse."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request

from admin.request import actor_of, may, now
from crm import followups
from crm.access import ActorKind, Scope
from crm.database import fetch
from crm.errors import NotFound
from crm.lifecycle.reports import standing

SHOWN = 5
LOOKED_AT = 1000
"""Customers of the highest value among whom those in danger are looked for; an index gives them in order."""

_NAMES = """
SELECT c.id, c.display_name, s.name AS stage FROM customer c
LEFT JOIN stage_position p ON p.customer_id = c.id AND p.lifecycle_id = (SELECT id FROM lifecycle WHERE is_default)
LEFT JOIN stage s ON s.id = p.stage_id WHERE c.id = ANY($1)
"""
_BEST = """
WITH best AS MATERIALIZED (
    SELECT customer_id, clv, clv_residual, value_at_risk, churn_risk, rfm_group, previous_rfm_group, last_order_on
    FROM value_snapshot WHERE run_id = $1 AND clv IS NOT NULL ORDER BY clv DESC LIMIT $2
)
"""
_AT_RISK = (
    _BEST
    + """
SELECT b.*, c.display_name FROM best b JOIN customer c ON c.id = b.customer_id
WHERE b.value_at_risk > 0 AND c.archived_at IS NULL ORDER BY b.value_at_risk DESC, b.customer_id LIMIT $3
"""
)
# They used to come often and have not come lately: there is still something to be lost.
_LAPSING = (
    _BEST
    + """
SELECT b.*, c.display_name FROM best b JOIN customer c ON c.id = b.customer_id
WHERE b.rfm_group IN ('ABOUT_TO_SLEEP', 'AT_RISK', 'CANNOT_LOSE', 'NEEDS_ATTENTION') AND c.archived_at IS NULL
ORDER BY b.clv_residual DESC NULLS LAST, b.customer_id LIMIT $3
"""
)


async def needed(request: Request, run_id: UUID | None) -> dict[str, Any]:
    """The lists that the reader may see; None for the others."""
    values = may(request, Scope.VALUE_READ) and run_id is not None
    return {
        "day": await day(request),
        "stuck": await stuck(request) if may(request, Scope.LIFECYCLE_READ) else None,
        "at_risk": await fetch(_AT_RISK, run_id, LOOKED_AT, SHOWN) if values else None,
        "lapsing": await fetch(_LAPSING, run_id, LOOKED_AT, SHOWN) if values else None,
    }


async def day(request: Request) -> dict[str, Any] | None:
    """What the reader promised to do: what is late, what is due today, how much comes within the week."""
    actor = actor_of(request)
    if actor.kind is not ActorKind.STAFF or not may(request, Scope.INTERACTION_READ):
        return None
    found = await followups.my_day(actor, now=now())
    late, due = found.overdue, found.today
    return {
        "tasks": [*((True, task) for task in late), *((False, task) for task in due)][:SHOWN],
        "late": len(late),
        "today": len(due),
        "week": len(found.week),
    }


async def stuck(request: Request) -> list[dict[str, Any]]:
    """Those who are over the target of their stage, the longest first."""
    try:
        found = await standing.stuck(actor_of(request), now=now(), first=SHOWN)
    except NotFound:  # there is no lifecycle yet
        return []
    rows = {row["id"]: row for row in await fetch(_NAMES, [one.customer_id for one in found])}
    return [{**rows[one.customer_id], "due_at": one.due_at} for one in found if one.customer_id in rows]
