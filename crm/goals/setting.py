"""Use cases of a goal: create, update, archive."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from crm import changes, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import NotFound, ValidationFailed
from crm.events import EventType
from crm.goals.figures import FIGURES, Figure
from crm.goals.progress import measured
from crm.keys import known
from crm.lifecycle import store
from models import Goal, GoalFigure, Segment, StaffMember


class GoalFields(TypedDict, total=False):
    """What can be said of a goal; a key that is absent is left as it is."""

    name: str
    figure: GoalFigure
    segment: str | None
    lifecycle: str | None
    stage: str | None
    owner_id: UUID | None
    baseline: Decimal | None
    target: Decimal
    starts_on: date
    due_on: date


async def create(actor: Actor, *, fields: GoalFields, now: datetime) -> Goal:
    """Set a goal. Without a baseline the figure as it is now is the baseline.

    Raises ValidationFailed, NotFound (segment, lifecycle or stage), Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        goal = Goal()
        _say(goal, fields)
        await _check(goal)
        if fields.get("baseline") is None:
            goal.baseline = await _baseline(actor, goal, now)
        _check_way(goal)
        return await changes.create(actor, goal, EventType.GOAL_CREATED)


async def update(actor: Actor, goal_id: UUID, *, expected_version: int | None, fields: GoalFields) -> Goal:
    """Change a goal. Raises NotFound, VersionConflict, ValidationFailed, Forbidden."""
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        goal = await changes.load(Goal, goal_id, expected_version=expected_version)
        before = state(goal)
        _say(goal, fields)
        await _check(goal)
        _check_way(goal)
        await changes.save(actor, goal, before, EventType.GOAL_UPDATED)
        return goal


async def archive(actor: Actor, goal_id: UUID, *, expected_version: int | None, now: datetime) -> Goal:
    """Put a goal aside. Raises NotFound, VersionConflict, Forbidden."""
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        goal = await changes.load(Goal, goal_id, expected_version=expected_version)
        before = state(goal)
        goal.archived_at = goal.archived_at or now
        await changes.save(actor, goal, before, EventType.GOAL_ARCHIVED)
        return goal


def _say(goal: Goal, fields: GoalFields) -> None:
    for name, value in fields.items():
        if name == "name":
            value = text.required(str(value), field="name", limit=200)
        if not (name == "baseline" and value is None):
            setattr(goal, name, value)


async def _check(goal: Goal) -> None:
    for name in ("name", "figure", "target", "starts_on", "due_on"):
        if getattr(goal, name, None) is None:
            raise ValidationFailed(f"A goal needs {name}.", path=(name,))
    if goal.due_on <= goal.starts_on:
        raise ValidationFailed(f"dueOn {goal.due_on} must lie after startsOn {goal.starts_on}.", path=("dueOn",))
    figure = FIGURES[goal.figure]
    if figure.needs_segment and not goal.segment:
        raise ValidationFailed(f"{goal.figure} needs the key of a segment.", path=("segment",))
    await _check_segment(goal)
    if goal.owner_id and not await StaffMember.exists(id=goal.owner_id):
        raise ValidationFailed("ownerId names no staff member.", path=("ownerId",))
    if not figure.by_customer and (goal.segment or goal.stage):
        raise ValidationFailed(
            f"{goal.figure} is told by staff member; leave segment and stage out.",
            path=("segment" if goal.segment else "stage",),
        )
    await _check_stage(goal, figure)


async def _check_segment(goal: Goal) -> None:
    if not goal.segment:
        return
    segment = await known(Segment, key=goal.segment)
    if segment is None:
        raise NotFound(f"There is no segment '{goal.segment[:60]}'.", path=("segment",))
    if segment.archived_at:
        raise ValidationFailed(f"The segment '{segment.key}' is archived; restore it first.", path=("segment",))


async def _check_stage(goal: Goal, figure: Figure) -> None:
    if not (goal.stage or figure.needs_stage):
        return
    path = await store.lifecycle_by_key(goal.lifecycle)
    keys = [stage.key for stage in await store.stages_of(path.id)]
    if goal.stage not in keys:
        raise ValidationFailed(f"{goal.figure} needs a stage, one of: {', '.join(keys)}.", path=("stage",))
    if not figure.own_stage and not path.is_default:
        raise ValidationFailed(
            f"{goal.figure} can be narrowed to a stage of the default lifecycle only.", path=("lifecycle",)
        )


def _check_way(goal: Goal) -> None:
    if goal.target == goal.baseline:
        raise ValidationFailed(f"The target {goal.target} is where things stand already.", path=("target",))


async def _baseline(actor: Actor, goal: Goal, now: datetime) -> Decimal:
    current = await measured(actor, goal, now=now)
    if current is None:
        raise ValidationFailed("There is nothing to measure yet; give a baseline.", path=("baseline",))
    return current.quantize(Decimal("0.0001"))
