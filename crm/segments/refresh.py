"""Evaluating a segment for somebody who waits: at once if that is quick, else in the background."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crm import changes
from crm.access import Actor, Scope, need
from crm.database import execute
from crm.errors import Busy, Timeout
from crm.segments.evaluation import evaluate
from crm.segments.statement import Moved
from models import Segment

QUICK = 2.0
"""Seconds that a caller waits; a pass that takes longer is left to whoever follows the events."""


async def soon(actor: Actor, segment_id: UUID, *, now: datetime, patience: float = QUICK) -> Moved | None:
    """Evaluate a segment if that is quick; None when it is left to the background."""
    try:
        return await evaluate(actor, segment_id, now=now, patience=patience)
    except (Timeout, Busy):
        return None


async def ask(actor: Actor, segment_id: UUID, *, now: datetime) -> Moved | None:
    """Have a segment evaluated anew, now or as soon as may be. Raises NotFound, Forbidden."""
    need(actor, Scope.SEGMENT_WRITE)
    segment = await changes.get(Segment, segment_id)
    await execute("UPDATE segment SET due_at = $2 WHERE id = $1 AND kind = 'DYNAMIC'", segment.id, now)
    return await soon(actor, segment.id, now=now)
