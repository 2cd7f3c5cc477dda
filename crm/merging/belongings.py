"""What belongs to a customer, table by table, and what becomes of it when the customer becomes part of another.

A table with a customer's key that is named nowhere here fails a test: nothing can be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crm import organization
from crm.database import execute, fetch, fetch_value
from crm.errors import Blocked
from crm.value import rollup

MOVED = ("order", "order_line", "cost_entry", "interaction", "follow_up")
"""Rows that change their owner and nothing else."""

MADE_ANEW = ("customer_day", "customer_total", "product_day")
"""Rows that are computed from others of the survivor."""

BY_HAND = {
    "customer": "The absorbed one is archived and points at the survivor.",
    "identity": "Moves; the survivor's main one of each kind stays the main one.",
    "relationship": "Moves, unless the survivor has the same link, or it would link the survivor to itself.",
    "segment_membership": "Ends with the cause MERGED; hand-picked segments take the survivor in.",
    "stage_position": "Moves where the survivor stands in no such lifecycle.",
    "stage_transition": "Moves with the position.",
    "strategic_designation": "Moves, unless the survivor is named for the same; a confirmed one wins.",
    "value_snapshot": "Past runs keep what they said; the current one values the survivor anew.",
}
"""Tables that need more than a new owner, each with what is done."""

KEPT = {
    "event": "What was told was told of the customer as it was then.",
    "audit_entry": "The trail of changes is not rewritten.",
    "webhook_delivery": "It tells of an event, and stays with it.",
}
"""Rows that stay with the id that they were written for."""


async def move(survivor_id: UUID, absorbed: Sequence[UUID]) -> dict[str, int]:
    """Give the survivor all that only changes its owner; how many rows of each table. Raises Blocked."""
    await _refuse_same_orders([survivor_id, *absorbed])
    moved: dict[str, int] = {}
    for table in MOVED:
        statement = (
            f'WITH moved AS (UPDATE "{table}" SET customer_id = $1 WHERE customer_id = ANY($2::uuid[]) '  # noqa: S608
            "RETURNING 1) SELECT count(*) FROM moved"
        )
        moved[table] = await fetch_value(statement, survivor_id, list(absorbed))
    await rollup.rebuild((await organization.current()).time_zone, [survivor_id, *absorbed])
    return moved


_SAME = """
SELECT source, reference FROM "order" WHERE customer_id = ANY($1::uuid[]) AND reference IS NOT NULL
GROUP BY source, reference HAVING count(*) > 1 ORDER BY source, reference LIMIT 5
"""


async def _refuse_same_orders(customers: Sequence[UUID]) -> None:
    """An order that stands with two of them was recorded twice: which one is true only its keeper can tell."""
    rows = await fetch(_SAME, list(customers))
    if rows:
        named = ", ".join(f"'{row['reference']}'" + (f" of {row['source']}" if row["source"] else "") for row in rows)
        raise Blocked(
            f"The order {named} stands with more than one of these customers; delete it with one of them first.",
            path=("absorbed",),
        )


_IDENTITIES = """
WITH moved AS (
    UPDATE identity i SET customer_id = $1, updated_at = now(),
           is_primary = i.is_primary AND NOT EXISTS (
               SELECT FROM identity o WHERE o.customer_id = $1 AND o.kind = i.kind AND o.is_primary)
    WHERE i.customer_id = ANY($2::uuid[]) RETURNING 1
) SELECT count(*) FROM moved
"""
_ONE_PRIMARY = """
UPDATE identity i SET is_primary = false
WHERE i.customer_id = $1 AND i.is_primary AND EXISTS (
    SELECT FROM identity o WHERE o.customer_id = $1 AND o.kind = i.kind AND o.is_primary AND o.id < i.id)
"""


async def move_identities(survivor_id: UUID, absorbed: Sequence[UUID]) -> int:
    """Give the survivor all ways to recognise the others; how many."""
    moved: int = await fetch_value(_IDENTITIES, survivor_id, list(absorbed))
    await execute(_ONE_PRIMARY, survivor_id)
    return moved


# Of two open namings for the same, a confirmed one stays, otherwise the survivor's, otherwise the older one.
_DESIGNATIONS = """
WITH ranked AS (
    SELECT id, row_number() OVER (
        PARTITION BY kind ORDER BY (status = 'CONFIRMED') DESC, (customer_id = $1) DESC, proposed_at, id) AS place
    FROM strategic_designation
    WHERE customer_id = ANY($2::uuid[] || $1::uuid) AND status IN ('PROPOSED', 'CONFIRMED')
), ended AS (
    UPDATE strategic_designation d SET status = 'EXPIRED', updated_at = now(), version = version + 1
    FROM ranked r WHERE d.id = r.id AND r.place > 1
) SELECT 1
"""
_MOVE_DESIGNATIONS = """
WITH moved AS (
    UPDATE strategic_designation SET customer_id = $1 WHERE customer_id = ANY($2::uuid[]) RETURNING 1
) SELECT count(*) FROM moved
"""


async def move_designations(survivor_id: UUID, absorbed: Sequence[UUID]) -> int:
    """Give the survivor what the others were named strategically significant for; how many namings."""
    await fetch(_DESIGNATIONS, survivor_id, list(absorbed))
    moved: int = await fetch_value(_MOVE_DESIGNATIONS, survivor_id, list(absorbed))
    return moved


_VALUES = """
DELETE FROM value_snapshot WHERE customer_id = ANY($1::uuid[]) AND run_id = (SELECT id FROM value_run WHERE is_current)
"""


async def forget_value(absorbed: Sequence[UUID]) -> None:
    """Take the absorbed out of the published figures; whoever follows the events values the survivor anew."""
    await execute(_VALUES, list(absorbed))
