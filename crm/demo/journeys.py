"""Where customers stood when, told from their purchases: the past of a lifecycle that was not kept at the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from crm.access import Actor
from crm.bulk import StageMove, move_customers
from crm.database import fetch, fetch_value
from crm.errors import CrmError
from crm.lifecycle.default import CLIENT_FROM, SILENCE_DAYS

SILENCE = timedelta(days=SILENCE_DAYS)
"""Time without a purchase after which a customer counts as dormant."""

_PURCHASES = """
SELECT p.customer_id, array_agg(o.placed_at ORDER BY o.placed_at) AS times
FROM stage_position p JOIN stage s ON s.id = p.stage_id AND s.is_initial
JOIN lifecycle l ON l.id = p.lifecycle_id AND l.is_default
JOIN "order" o ON o.customer_id = p.customer_id AND o.status <> 'CANCELLED'
WHERE o.source = $1 AND o.placed_at >= p.entered_at
GROUP BY p.customer_id ORDER BY p.customer_id
"""
_END = 'SELECT max(placed_at) FROM "order" WHERE source = $1'


async def retrace(actor: Actor, source: str, *, now: datetime) -> int:
    """Move the customers of a source from the first stage to where their purchases took them; the number of moves.

    Whoever has left the first stage is left alone, so that doing it again changes nothing. The times are those of the
    purchases; the log is taken to end with its last order.
    """
    end = await fetch_value(_END, source)
    rows = await fetch(_PURCHASES, source)
    moves = [StageMove(row["customer_id"], stage, at) for row in rows for stage, at in journey(row["times"], end)]
    results = await move_customers(actor, moves, now, guarded=False)
    problem = next((result.problem for result in results if result.problem), None)
    if problem is not None:
        raise CrmError(f"A move of the past does not fit the lifecycle: {problem.message}")
    return len(results)


def journey(times: Sequence[datetime], end: datetime) -> list[tuple[str, datetime]]:
    """The stages that these orders lead to and when, after the first stage, as it was known at `end`.

    What the rules of the default lifecycle would have done at the time, so that they find nothing to do now.
    """
    moves: list[tuple[str, datetime]] = []
    stage = ""
    for count, (at, following) in enumerate(pairwise([*times, end]), start=1):
        reached = reached_with(count)
        if reached != stage:
            moves.append((reached, at))
        stage = reached
        if following - at > SILENCE:
            stage = "dormant"
            moves.append((stage, at + SILENCE))
    return moves


def reached_with(count: int) -> str:
    if count == 1:
        return "first_time_buyer"
    return "repeat_buyer" if count < CLIENT_FROM else "client"
