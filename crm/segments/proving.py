"""What a nightly pass found that nothing explains: then somebody should have been moved before and was not."""

from __future__ import annotations

from uuid import UUID

from crm.database import fetch, fetch_value
from crm.rules.fields import Catalogue
from crm.rules.reads import reads
from crm.rules.sql import Context, Parameters
from crm.rules.tree import Node
from crm.rules.turning import turned
from crm.rules.ways import ways
from models import Segment

# Inside the transaction of the pass: whom it moved, and has an event waiting for the follower that concerns them.
_UNTOLD = """
SELECT DISTINCT m.customer_id FROM event m
WHERE m.transaction_id = (pg_current_xact_id()::text)::bigint AND m.noun_id = $1 AND m.customer_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM event w WHERE ($2 OR w.customer_id = m.customer_id) AND w.transaction_id <> m.transaction_id
        AND (w.transaction_id, w.position) > (
            SELECT e.transaction_id, e.position FROM event_cursor e WHERE e.name = 'segments')
  )
"""


async def unexplained(segment: Segment, tree: Node, catalogue: Catalogue, context: Context) -> int:
    """How many customers the pass of this transaction moved for whom no event waits and no time has passed."""
    read = reads(tree, catalogue)
    moved = {row["customer_id"] for row in await fetch(_UNTOLD, segment.id, read.others)}
    return len(moved - await _flipped(segment, tree, catalogue, context)) if moved else 0


async def _flipped(segment: Segment, tree: Node, catalogue: Catalogue, context: Context) -> set[UUID]:
    """For whom time can have turned the rule since it was last looked at."""
    since = await fetch_value("SELECT timed_at FROM segment WHERE id = $1", segment.id)
    found: set[UUID] = set()
    if since is None or since >= context.now:
        return found
    for timed in ways(tree, catalogue).timed:
        binder = Parameters()
        query = turned(timed, catalogue, since=since, binder=binder, context=context)
        if query:
            found |= {row["id"] for row in await fetch(query, *binder.values)}
    return found
