"""How fresh what the panel shows is: runs, segments, imports, events; each with where to see to it."""

from __future__ import annotations

from typing import Any

from crm.database import fetch_row

_FRESH = """
SELECT (SELECT published_at FROM value_run WHERE is_current) AS valued_at,
       (SELECT progress FROM value_run WHERE status = 'RUNNING' ORDER BY created_at DESC LIMIT 1) AS valuing,
       (SELECT jsonb_array_length(warnings) FROM value_run WHERE is_current) AS warnings,
       (SELECT min(evaluated_at) FROM segment WHERE kind = 'DYNAMIC' AND archived_at IS NULL) AS segments_at,
       (SELECT count(*) FROM segment WHERE kind = 'DYNAMIC' AND archived_at IS NULL AND evaluation_error IS NOT NULL)
           AS broken,
       (SELECT created_at FROM import_run ORDER BY created_at DESC LIMIT 1) AS imported_at,
       (SELECT rows_refused FROM import_run ORDER BY created_at DESC LIMIT 1) AS refused,
       (SELECT max(placed_at) FROM (SELECT placed_at FROM "order" ORDER BY placed_at DESC LIMIT 1) last) AS ordered_at,
       (SELECT created_at FROM event ORDER BY created_at DESC, id DESC LIMIT 1) AS changed_at
"""


async def freshness() -> dict[str, Any]:
    """When each was brought up to date last, and what stands in the way."""
    row = await fetch_row(_FRESH)
    return dict(row) if row else {}
