"""What becomes of memberships when a customer goes: deleted altogether, or merged into another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crm import events
from crm.access import Actor
from crm.database import execute, fetch
from crm.events import EventType
from crm.segments.stays import entry
from models import Event, MembershipCause

_LESS = """
UPDATE segment s SET size = size - 1 FROM segment_membership m
WHERE m.customer_id = $1 AND m.exited_at IS NULL AND m.segment_id = s.id
"""
_CLOSE = """
UPDATE segment_membership m SET exited_at = greatest($2, m.entered_at), exit_cause = 'MERGED', updated_at = now()
FROM segment s WHERE m.customer_id = ANY($1::uuid[]) AND m.exited_at IS NULL AND s.id = m.segment_id
RETURNING m.customer_id, s.id, s.key, s.kind
"""
_OPEN = f"""
INSERT INTO segment_membership
    (id, created_at, updated_at, segment_id, customer_id, entered_at, entry_cause, rule_version)
SELECT uuidv7(), now(), now(), wanted.id, $2, {entry("$3", "wanted.id", "$2")}, 'MERGED', 0
FROM unnest($1::uuid[]) AS wanted(id)
ON CONFLICT (segment_id, customer_id) WHERE exited_at IS NULL DO NOTHING
RETURNING segment_id
"""  # noqa: S608 - our own words
# By difference: a count would not see who is entering in another transaction, whose own difference comes on top.
_COUNT = """
UPDATE segment s SET size = size + moved.difference
FROM unnest($1::uuid[], $2::int[]) AS moved(id, difference) WHERE s.id = moved.id
"""


async def forget(customer_id: UUID) -> None:
    """Count a customer out of its segments, in the transaction that deletes it with its stays."""
    await execute(_LESS, customer_id)


async def merge(actor: Actor, survivor_id: UUID, absorbed_ids: Sequence[UUID], *, now: datetime) -> None:
    """End the stays of customers who become part of another; where they were hand-picked, the other one goes on.

    Call it inside the merge's transaction. Dynamic segments take or leave the survivor by its own data.
    """
    closed = await fetch(_CLOSE, list(absorbed_ids), now)
    picked = {row["id"]: row["key"] for row in closed if row["kind"] != "DYNAMIC"}
    opened = [row["segment_id"] for row in await fetch(_OPEN, list(picked), survivor_id, now)]
    told = [_told(actor, EventType.SEGMENT_EXITED, row["id"], row["key"], row["customer_id"]) for row in closed]
    told += [_told(actor, EventType.SEGMENT_ENTERED, key, picked[key], survivor_id) for key in opened]
    await Event.bulk_create(told)
    differences = Counter(opened)
    differences.subtract(row["id"] for row in closed)
    await execute(_COUNT, sorted(differences), [differences[key] for key in sorted(differences)])


def _told(actor: Actor, type: EventType, segment_id: UUID, key: str, customer_id: UUID) -> Event:
    data = {"segment": key, "cause": MembershipCause.MERGED.value}
    return events.event(actor, type, "segment", segment_id, customer_id=customer_id, data=data)
