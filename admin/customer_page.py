"""What one customer's page shows: stage, segments, value, timeline, orders, relationships."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from admin import relationship_graph, timeline, words
from admin.request import may
from crm.access import Scope
from crm.database import fetch, fetch_row
from models import Customer

_STAGE = """
SELECT s.key, s.name, s.outcome, s.target_days, p.entered_at, l.key AS lifecycle,
       EXTRACT(EPOCH FROM now() - p.entered_at) AS stayed,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('key', a.key, 'name', a.name, 'position', a.position,
               'passed', a.position < s.position, 'here', a.id = s.id) ORDER BY a.position), '[]')
        FROM stage a WHERE a.lifecycle_id = p.lifecycle_id) AS path,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('key', t.key, 'name', t.name, 'reason', e.requires_reason)
               ORDER BY e.position), '[]')
        FROM stage_edge e JOIN stage t ON t.id = e.to_stage_id WHERE e.from_stage_id = s.id) AS open_to
FROM stage_position p JOIN stage s ON s.id = p.stage_id JOIN lifecycle l ON l.id = p.lifecycle_id
WHERE p.customer_id = $1 AND l.is_default
"""
_SEGMENTS = """
SELECT s.id, s.key, s.name, s.kind, m.entered_at
FROM segment_membership m JOIN segment s ON s.id = m.segment_id
WHERE m.customer_id = $1 AND m.exited_at IS NULL AND s.archived_at IS NULL ORDER BY s.name LIMIT 50
"""
_VALUE = """
SELECT v.*, value_lacks(v.lacks) || v.insufficient AS insufficient,
       r.currency, r.as_of AS run_as_of, r.model, r.horizon_days, r.margin_basis
FROM value_snapshot v JOIN value_run r ON r.id = v.run_id
WHERE v.customer_id = $1 AND r.is_current
"""
_ORDERS = """
SELECT id, reference, status, placed_at, amount, currency, quantity FROM "order"
WHERE customer_id = $1 ORDER BY placed_at DESC, id DESC LIMIT 8
"""
_RELATIONSHIPS = """
SELECT r.id, r.kind, true AS outward, r.since, r.until, r.note, c.id AS other_id, c.display_name
FROM relationship r JOIN customer c ON c.id = r.related_id WHERE r.customer_id = $1
UNION ALL
SELECT r.id, r.kind, false, r.since, r.until, r.note, c.id, c.display_name
FROM relationship r JOIN customer c ON c.id = r.customer_id WHERE r.related_id = $1
ORDER BY display_name LIMIT 50
"""


async def load(customer: Customer, request: Request) -> dict[str, Any]:
    """The parts that the reader may see; one statement each, whatever the customer's history."""
    links = [_relationship(row) for row in await fetch(_RELATIONSHIPS, customer.id)]
    return {
        "stage": await stage(customer) if may(request, Scope.LIFECYCLE_READ) else None,
        "segments": await fetch(_SEGMENTS, customer.id) if may(request, Scope.SEGMENT_READ) else [],
        "value": await value(customer) if may(request, Scope.VALUE_READ) else None,
        "sees_value": may(request, Scope.VALUE_READ),
        "orders": await fetch(_ORDERS, customer.id) if may(request, Scope.ORDER_READ) else None,
        "relationships": links,
        "graph": relationship_graph.drawn(links),
        "timeline": await timeline.page(request, customer.id, None),
        "timeline_kinds": timeline.kinds(request, customer.kind),
        "may_log": may(request, Scope.INTERACTION_WRITE),
        "may_move": may(request, Scope.STAGE_MOVE),
        "may_order": may(request, Scope.ORDER_WRITE),
        "may_write": may(request, Scope.CUSTOMER_WRITE),
    }


async def stage(customer: Customer) -> dict[str, Any] | None:
    """Where the customer stands in the default lifecycle, the whole path, and where it can go."""
    found = await fetch_row(_STAGE, customer.id)
    if found is None:
        return None
    row = dict(found)
    late = row["target_days"] is not None and row["stayed"] > row["target_days"] * 86_400
    return {**row, "path": orjson.loads(row["path"]), "open_to": orjson.loads(row["open_to"]), "late": late}


async def value(customer: Customer) -> dict[str, Any] | None:
    found = await fetch_row(_VALUE, customer.id)
    return {**found, "insufficient": orjson.loads(found["insufficient"])} if found else None


def _relationship(row: Any) -> dict[str, Any]:
    return {**row, "label": words.value(row["kind"]) if row["outward"] else words.inverse(row["kind"])}
