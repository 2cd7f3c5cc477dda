"""What a lifecycle's page shows: the drawing with customers in each stage, stages, moves, versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request

from admin import messages
from admin.counting import MOST
from admin.lifecycle.drawing import draw
from admin.request import may
from admin.theme import direction
from crm.access import Scope
from crm.database import fetch
from crm.lifecycle import guards, store
from crm.lifecycle.definition import warnings
from models import Lifecycle, LifecycleRevision

# Each stage is counted up to a limit, along an index.
_COUNTS = """
SELECT s.key, (SELECT count(*) FROM (SELECT FROM stage_position p WHERE p.stage_id = s.id LIMIT $2) n) AS customers
FROM stage s WHERE s.lifecycle_id = $1 AND s.archived_at IS NULL
"""
REVISIONS = 30


async def counts(lifecycle_id: UUID, most: int = MOST) -> dict[str, int]:
    """Stage → customers in it, one more than `most` where there are more."""
    return {row["key"]: row["customers"] for row in await fetch(_COUNTS, lifecycle_id, most + 1)}


async def load(lifecycle: Lifecycle, request: Request) -> dict[str, Any]:
    definition = await store.definition_of(lifecycle)
    texts = {
        (edge.start, edge.end): guards.text_of(edge.guard)
        for edge in definition.edges
        if isinstance(edge.guard, dict) and edge.guard
    }
    return {
        "definition": definition,
        "drawing": draw(definition, mirrored=direction() == "rtl"),
        "names": {stage.key: stage.name for stage in definition.stages},
        "counts": await counts(lifecycle.id),
        "most": MOST,
        "guards": texts,
        "warnings": [messages.read(warning) for warning in warnings(definition)],
        "revisions": await LifecycleRevision.filter(lifecycle_id=lifecycle.id).order_by("-number").limit(REVISIONS),
        "may_write": may(request, Scope.LIFECYCLE_WRITE) and lifecycle.archived_at is None,
        "scopes": [scope.value for scope in Scope],
    }
