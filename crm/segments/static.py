"""Hand-picked segments: putting customers in and taking them out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crm import audit, changes, events
from crm.access import Actor, Scope, need
from crm.database import execute, fetch, transaction
from crm.errors import NotFound, ValidationFailed
from crm.events import EventType
from crm.ids import encode
from crm.segments.stays import entry
from crm.visibility import need_visible
from models import AuditEntry, Event, MembershipCause, Segment, SegmentKind

MAX_AT_ONCE = 250

_ENTER = f"""
INSERT INTO segment_membership
    (id, created_at, updated_at, segment_id, customer_id, entered_at, entry_cause, rule_version)
SELECT uuidv7(), now(), now(), $1, wanted.id, {entry("$3", "$1", "wanted.id")}, $4, 0
FROM unnest($2::uuid[]) AS wanted(id)
ON CONFLICT (segment_id, customer_id) WHERE exited_at IS NULL DO NOTHING
RETURNING customer_id
"""  # noqa: S608 - our own words
_EXIT = """
UPDATE segment_membership SET exited_at = greatest($3, entered_at), exit_cause = $4, updated_at = now()
WHERE segment_id = $1 AND customer_id = ANY($2::uuid[]) AND exited_at IS NULL
RETURNING customer_id
"""
_SIZE = """
UPDATE segment SET size = size + $2, evaluated_at = $3, updated_at = now() WHERE id = $1
"""


async def add(actor: Actor, segment_id: UUID, customer_ids: list[UUID], *, now: datetime) -> list[UUID]:
    """Put customers into a static segment; those inside already stay. Returns who entered.

    Raises NotFound, ValidationFailed, Forbidden.
    """
    return await _change(actor, segment_id, customer_ids, now, _ENTER, EventType.SEGMENT_ENTERED, 1)


async def remove(actor: Actor, segment_id: UUID, customer_ids: list[UUID], *, now: datetime) -> list[UUID]:
    """Take customers out of a static segment; those outside stay so. Returns who left."""
    return await _change(actor, segment_id, customer_ids, now, _EXIT, EventType.SEGMENT_EXITED, -1)


async def _change(
    actor: Actor,
    segment_id: UUID,
    customer_ids: list[UUID],
    now: datetime,
    statement: str,
    type: EventType,
    sign: int,
) -> list[UUID]:
    need(actor, Scope.SEGMENT_WRITE)
    if len(customer_ids) > MAX_AT_ONCE:
        raise ValidationFailed(
            f"{len(customer_ids)} customers at once are too many; send at most {MAX_AT_ONCE}.",
            path=("customerIds",),
        )
    async with transaction():
        segment = await _static(segment_id)
        wanted = sorted(set(customer_ids))
        await _all_visible(actor, wanted)
        rows = await fetch(statement, segment.id, wanted, now, MembershipCause.MANUAL.value)
        moved = [row["customer_id"] for row in rows]
        await execute(_SIZE, segment.id, sign * len(moved), now)
        await _tell(actor, segment, moved, type)
        return moved


async def _static(segment_id: UUID) -> Segment:
    segment = await changes.load(Segment, segment_id, expected_version=None, path=("segmentId",))
    if segment.kind is not SegmentKind.STATIC:
        raise ValidationFailed(
            f"'{segment.key}' is a {segment.kind} segment: its members follow from its rule. Change the rule, or use a "
            "static segment.",
            path=("segmentId",),
        )
    if segment.archived_at:
        raise ValidationFailed(f"The segment '{segment.key}' is archived.", path=("segmentId",))
    return segment


async def _all_visible(actor: Actor, wanted: list[UUID]) -> None:
    rows = await fetch("SELECT id FROM customer WHERE id = ANY($1::uuid[])", wanted)
    unknown = set(wanted) - {row["id"] for row in rows}
    if unknown:
        raise NotFound(f"There is no customer '{encode('cus', min(unknown))}'.", path=("customerIds",))
    if actor.row_filter is not None:
        for key in wanted:
            await need_visible(actor, key, path=("customerIds",))


async def _tell(actor: Actor, segment: Segment, moved: list[UUID], type: EventType) -> None:
    told = {"segment": segment.key, "cause": MembershipCause.MANUAL.value}
    await AuditEntry.bulk_create(
        audit.entry(actor, type.value, "segment", segment.id, changes=told, customer_id=key) for key in moved
    )
    await Event.bulk_create(
        events.event(actor, type, "segment", segment.id, customer_id=key, data=told) for key in moved
    )
