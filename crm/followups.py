"""Use cases of a follow-up: create, update, close, reopen, delete; and a staff member's day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from crm import changes, idempotency, text
from crm.access import Actor, ActorKind, Scope, need
from crm.audit import state
from crm.database import fetch_read, transaction
from crm.errors import Blocked, ValidationFailed
from crm.events import EventType
from crm.in_use import need_in_use
from crm.rules.predicate import predicate
from crm.visibility import need_visible
from models import FollowUp, FollowUpStatus, Interaction, StaffMember

FARTHEST = timedelta(days=3_660)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class FollowUpFields(TypedDict, total=False):
    """What can be said of a follow-up; a key that is absent is left as it is."""

    subject: str
    note: str
    due_at: datetime
    owner_id: UUID | None


async def create(
    actor: Actor,
    customer_id: UUID,
    *,
    subject: str,
    due_at: datetime,
    now: datetime,
    note: str = "",
    owner_id: UUID | None = None,
    interaction_id: UUID | None = None,
    idempotency_key: str | None = None,
) -> FollowUp:
    """Promise to do something for a customer until a time. A staff member who names no owner is the owner.

    Raises NotFound, Blocked (an archived customer), ValidationFailed, IdempotencyConflict, Forbidden.
    """
    need(actor, Scope.INTERACTION_WRITE)
    owner = owner_id or (actor.id if actor.kind is ActorKind.STAFF else None)

    async def work() -> UUID:
        follow_up = FollowUp(customer_id=customer_id, interaction_id=interaction_id)
        fields = FollowUpFields(subject=subject, note=note, due_at=due_at, owner_id=owner)
        await _apply(follow_up, fields, now)
        await _need_interaction(follow_up)
        return (await changes.create(actor, follow_up, EventType.FOLLOW_UP_CREATED)).id

    async with transaction():
        await need_in_use(actor, customer_id)
        values = {"customer": customer_id, "subject": subject, "due": due_at, "note": note, "owner": owner_id}
        key = await idempotency.once(actor, idempotency_key, "followUpCreate", values, work)
        return await changes.get(FollowUp, key)


async def update(
    actor: Actor, follow_up_id: UUID, *, expected_version: int | None, fields: FollowUpFields, now: datetime
) -> FollowUp:
    """Change what is promised, until when or by whom. Raises NotFound, VersionConflict, ValidationFailed, Forbidden."""
    need(actor, Scope.INTERACTION_WRITE)
    async with transaction():
        follow_up = await _load(actor, follow_up_id, expected_version)
        before = state(follow_up)
        await _apply(follow_up, fields, now)
        await changes.save(actor, follow_up, before, EventType.FOLLOW_UP_UPDATED)
        return follow_up


async def close(
    actor: Actor,
    follow_up_id: UUID,
    *,
    expected_version: int | None,
    now: datetime,
    status: FollowUpStatus = FollowUpStatus.DONE,
    outcome: str | None = None,
) -> FollowUp:
    """Say that it is done, or dropped. Raises NotFound, VersionConflict, Blocked (closed already), Forbidden."""
    need(actor, Scope.INTERACTION_WRITE)
    if status is FollowUpStatus.OPEN:
        raise ValidationFailed("A follow-up is closed as DONE or DROPPED.", path=("status",))
    async with transaction():
        follow_up = await _load(actor, follow_up_id, expected_version)
        if follow_up.status is not FollowUpStatus.OPEN:
            raise Blocked(f"This follow-up is {follow_up.status} already; reopen it first.", path=("id",))
        before = state(follow_up)
        follow_up.status, follow_up.closed_at = status, now
        follow_up.outcome = text.optional(outcome, field="outcome", limit=300)
        await changes.save(actor, follow_up, before, EventType.FOLLOW_UP_CLOSED)
        return follow_up


async def reopen(actor: Actor, follow_up_id: UUID, *, expected_version: int | None) -> FollowUp:
    """Take a closed follow-up up again; an open one stays as it is."""
    need(actor, Scope.INTERACTION_WRITE)
    async with transaction():
        follow_up = await _load(actor, follow_up_id, expected_version)
        before = state(follow_up)
        follow_up.status, follow_up.closed_at, follow_up.outcome = FollowUpStatus.OPEN, None, None
        await changes.save(actor, follow_up, before, EventType.FOLLOW_UP_REOPENED)
        return follow_up


async def delete(actor: Actor, follow_up_id: UUID, *, expected_version: int | None) -> None:
    """Delete a follow-up that was made by mistake; one that came to nothing is dropped instead."""
    need(actor, Scope.INTERACTION_WRITE)
    async with transaction():
        await changes.delete(actor, await _load(actor, follow_up_id, expected_version), EventType.FOLLOW_UP_DELETED)


async def _load(actor: Actor, follow_up_id: UUID, expected_version: int | None) -> FollowUp:
    follow_up = await changes.load(FollowUp, follow_up_id, expected_version=expected_version)
    await need_visible(actor, follow_up.customer_id, path=("id",))
    return follow_up


async def _apply(follow_up: FollowUp, fields: FollowUpFields, now: datetime) -> None:
    if "subject" in fields:
        follow_up.subject = text.required(fields["subject"], field="subject", limit=200)
    if "note" in fields:
        follow_up.note = text.clean(fields["note"], field="note", limit=20_000, multiline=True)
    if "due_at" in fields:
        follow_up.due_at = _due(fields["due_at"], now)
    if "owner_id" in fields:
        follow_up.owner_id = await _owner(fields["owner_id"])


def _due(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None or not EARLIEST <= at <= now + FARTHEST:
        raise ValidationFailed(
            f"dueAt {at.isoformat()} must be a time with its zone, at most ten years ahead.", path=("dueAt",)
        )
    return at


async def _owner(owner_id: UUID | None) -> UUID | None:
    if owner_id and not await StaffMember.exists(id=owner_id, active=True):
        raise ValidationFailed("ownerId names no active staff member.", path=("ownerId",))
    return owner_id


async def _need_interaction(follow_up: FollowUp) -> None:
    key = follow_up.interaction_id
    if key and not await Interaction.exists(id=key, customer_id=follow_up.customer_id):
        raise ValidationFailed("interactionId names no interaction with this customer.", path=("interactionId",))


# -- my day ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a staff member: an open follow-up, or a complaint or request to be answered."""

    kind: str
    id: UUID
    customer_id: UUID
    customer: str
    subject: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """What a staff member has to do: what is late, what is due until the day ends, what comes in the week after.

    `stuck` counts the staff member's customers who stand in a stage of the default lifecycle longer than its target.
    """

    overdue: list[Task]
    today: list[Task]
    week: list[Task]
    stuck: int


_TASKS = """
SELECT task.kind, task.id, task.customer_id, c.display_name AS customer, task.subject, task.due_at
FROM (
    SELECT 'FOLLOW_UP' AS kind, f.id, f.customer_id, f.subject, f.due_at FROM follow_up f
    WHERE f.owner_id = $1 AND f.status = 'OPEN' AND f.due_at < $2
    UNION ALL
    SELECT 'ANSWER', i.id, i.customer_id, coalesce(nullif(i.subject, ''), i.kind), i.answer_due_at FROM interaction i
    WHERE i.staff_id = $1 AND i.answered_at IS NULL AND i.answer_due_at < $2
) task JOIN customer c ON c.id = task.customer_id
WHERE c.archived_at IS NULL AND {visible}
ORDER BY task.due_at, task.id LIMIT 500
"""
_STUCK = """
SELECT count(*) AS customers FROM stage_position p
JOIN stage s ON s.id = p.stage_id JOIN lifecycle l ON l.id = p.lifecycle_id JOIN customer c ON c.id = p.customer_id
WHERE l.is_default AND c.owner_id = $1 AND c.archived_at IS NULL
  AND p.entered_at < $2::timestamptz - make_interval(days => s.target_days) AND {visible}
"""


async def my_day(actor: Actor, *, now: datetime, staff_id: UUID | None = None) -> Day:
    """The day of a staff member, by default of the one who asks, in that member's own time zone.

    Raises ValidationFailed when a token asks without naming a staff member, NotFound, Forbidden.
    """
    need(actor, Scope.INTERACTION_READ)
    key = staff_id or (actor.id if actor.kind is ActorKind.STAFF else None)
    if key is None:
        raise ValidationFailed("Name the staff member whose day is meant.", path=("staffId",))
    staff = await changes.get(StaffMember, key, path=("staffId",))
    midnight = _next_midnight(now, staff.time_zone)
    visible, values = await _visible(actor)
    tasks = await fetch_read(_TASKS.format(visible=visible), key, midnight + timedelta(days=7), *values)
    stuck = await fetch_read(_STUCK.format(visible=visible), key, now, *values)
    return _sorted([Task(**dict(row)) for row in tasks], now, midnight, stuck[0]["customers"])


async def _visible(actor: Actor) -> tuple[str, list[object]]:
    if actor.row_filter is None:
        return "true", []
    return await predicate(actor.row_filter, alias="c", first_parameter=3)


def _sorted(tasks: Sequence[Task], now: datetime, midnight: datetime, stuck: int) -> Day:
    overdue = [task for task in tasks if task.due_at < now]
    today = [task for task in tasks if now <= task.due_at < midnight]
    return Day(overdue, today, [task for task in tasks if task.due_at >= midnight], stuck)


def _next_midnight(now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone)) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
