"""Goals: what is to be reached by when, and how far it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from crm import changes, feedback, organization, quality, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import fetch_read, transaction
from crm.errors import NotFound, ValidationFailed
from crm.events import EventType
from crm.lifecycle import store
from crm.lifecycle.reports import churn, funnel
from crm.lifecycle.reports.frame import Group, Period, audience, midnight
from crm.lifecycle.reports.reading import fetch_wide
from crm.rules.printer import quote
from models import Goal, GoalFigure, RatingKind, Segment


class GoalFields(TypedDict, total=False):
    """What can be said of a goal; a key that is absent is left as it is."""

    name: str
    figure: GoalFigure
    segment: str | None
    lifecycle: str | None
    stage: str | None
    baseline: Decimal | None
    target: Decimal
    starts_on: date
    due_on: date


class GoalState(StrEnum):
    NOT_STARTED = "NOT_STARTED"
    ON_TRACK = "ON_TRACK"
    BEHIND = "BEHIND"
    REACHED = "REACHED"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a goal is: `current` is None when there is nothing to measure yet.

    `progress` is the share of the way from baseline to target, below 0 for a step back; `expected` the share of the
    time that is over.
    """

    current: Decimal | None
    progress: float | None
    expected: float
    state: GoalState


NEEDS_STAGE = frozenset({GoalFigure.FUNNEL_CONVERSION, GoalFigure.STAGE_SIZE})
NEEDS_SEGMENT = frozenset({GoalFigure.SEGMENT_SIZE})


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
    if goal.figure in NEEDS_SEGMENT and not goal.segment:
        raise ValidationFailed(f"{goal.figure} needs the key of a segment.", path=("segment",))
    if goal.segment and not await Segment.exists(key=goal.segment):
        raise NotFound(f"There is no segment '{goal.segment[:60]}'.", path=("segment",))
    await _check_stage(goal)


async def _check_stage(goal: Goal) -> None:
    if goal.figure not in NEEDS_STAGE:
        return
    path = await store.lifecycle_by_key(goal.lifecycle)
    keys = [stage.key for stage in await store.stages_of(path.id)]
    if goal.stage not in keys:
        raise ValidationFailed(f"{goal.figure} needs a stage, one of: {', '.join(keys)}.", path=("stage",))


def _check_way(goal: Goal) -> None:
    if goal.target == goal.baseline:
        raise ValidationFailed(f"The target {goal.target} is where things stand already.", path=("target",))


async def _baseline(actor: Actor, goal: Goal, now: datetime) -> Decimal:
    current = await measured(actor, goal, now=now)
    if current is None:
        raise ValidationFailed("There is nothing to measure yet; give a baseline.", path=("baseline",))
    return current.quantize(Decimal("0.0001"))


# -- measuring -------------------------------------------------------------------------------------------------------


async def measured(actor: Actor, goal: Goal, *, now: datetime) -> Decimal | None:
    """The figure of a goal as it is now, over the time since the goal's start where it needs a period.

    Raises what the report of the figure raises, Forbidden.
    """
    value = await _MEASURES[goal.figure](actor, goal, now)
    return None if value is None else Decimal(str(value))


async def progress(actor: Actor, goal: Goal, *, now: datetime) -> Progress:
    """How far a goal is. Raises what the report of its figure raises, Forbidden."""
    return progress_of(goal, await measured(actor, goal, now=now), now.astimezone(UTC).date())


def progress_of(goal: Goal, current: Decimal | None, today: date) -> Progress:
    """What a measured figure means for a goal; on track is whoever is as far as the time is."""
    length = (goal.due_on - goal.starts_on).days
    expected = min(max((today - goal.starts_on).days / length, 0.0), 1.0)
    if current is None:
        return Progress(None, None, expected, GoalState.NOT_STARTED if today < goal.starts_on else GoalState.BEHIND)
    share = float((current - goal.baseline) / (goal.target - goal.baseline))
    return Progress(current, share, expected, _state(goal, share, expected, today))


def _state(goal: Goal, share: float, expected: float, today: date) -> GoalState:
    if share >= 1:
        return GoalState.REACHED
    if today > goal.due_on:
        return GoalState.MISSED
    if today < goal.starts_on:
        return GoalState.NOT_STARTED
    return GoalState.ON_TRACK if share >= expected else GoalState.BEHIND


Measure = Callable[[Actor, Goal, datetime], Awaitable[float | Decimal | None]]


def _where(goal: Goal) -> str | None:
    return f"in segment {quote(goal.segment)}" if goal.segment else None


async def _period(goal: Goal, now: datetime) -> Period | None:
    """From the start of the goal to now; before that there is nothing."""
    since = midnight(goal.starts_on, (await organization.current()).time_zone)
    return Period(since, now) if since < now else None


async def _churn(actor: Actor, goal: Goal, now: datetime) -> float | None:
    period = await _period(goal, now)
    if period is None:
        return None
    rows = await churn.churn(actor, period=period, lifecycle=goal.lifecycle, group=Group.NONE, where=_where(goal))
    return rows[0].rate if rows else None


async def _retention(actor: Actor, goal: Goal, now: datetime) -> float | None:
    lost = await _churn(actor, goal, now)
    return None if lost is None else 1 - lost


def _score(kind: RatingKind) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> float | None:
        period = await _period(goal, now)
        rows = await feedback.scores(actor, period=period, kinds=[kind], where=_where(goal)) if period else []
        return rows[0].value if rows else None

    return measure


async def _on_time(actor: Actor, goal: Goal, now: datetime) -> float | None:
    period = await _period(goal, now)
    rows = await feedback.complaints(actor, period=period, now=now, where=_where(goal)) if period else []
    return rows[0].rate if rows else None


async def _conversion(actor: Actor, goal: Goal, now: datetime) -> float | None:
    period = await _period(goal, now)
    if period is None:
        return None
    steps = await funnel.funnel(actor, entered=period, lifecycle=goal.lifecycle, where=_where(goal))
    return next((step.rate for step in steps if step.stage == goal.stage), None)


_SIZE = """
SELECT count(*) AS customers FROM stage_position p JOIN stage s ON s.id = p.stage_id
JOIN customer c ON c.id = p.customer_id
WHERE p.lifecycle_id = $1 AND s.key = $2 AND c.archived_at IS NULL AND {who}
"""


async def _stage_size(actor: Actor, goal: Goal, now: datetime) -> Decimal:
    need(actor, Scope.LIFECYCLE_READ)
    path = await store.lifecycle_by_key(goal.lifecycle)
    who = await audience(actor, _where(goal), first_parameter=3)
    rows = await fetch_read(_SIZE.format(who=who.condition), path.id, goal.stage, *who.values)
    return Decimal(rows[0]["customers"])


async def _segment_size(actor: Actor, goal: Goal, now: datetime) -> Decimal:
    need(actor, Scope.SEGMENT_READ)
    who = await audience(actor, _where(goal), first_parameter=1)
    statement = f"SELECT count(*) AS customers FROM customer c WHERE {who.condition}"  # noqa: S608 - by crm.rules
    return Decimal((await fetch_wide(statement, *who.values))[0]["customers"])


_CLV = """
SELECT {figure}(v.clv) AS value FROM value_snapshot v JOIN customer c ON c.id = v.customer_id
WHERE v.run_id = (SELECT id FROM value_run WHERE is_current) AND {who}
"""


def _clv(figure: str) -> Measure:
    async def measure(actor: Actor, goal: Goal, now: datetime) -> Decimal | None:
        need(actor, Scope.VALUE_READ)
        who = await audience(actor, _where(goal), first_parameter=1)
        rows = await fetch_wide(_CLV.format(figure=figure, who=who.condition), *who.values)
        value: Decimal | None = rows[0]["value"]
        return value

    return measure


async def _quality(actor: Actor, goal: Goal, now: datetime) -> float | None:
    rows = await quality.report(actor, now=now, where=_where(goal))
    return rows[0].score if rows else None


_MEASURES: dict[GoalFigure, Measure] = {
    GoalFigure.RETENTION: _retention,
    GoalFigure.CHURN: _churn,
    GoalFigure.NPS: _score(RatingKind.NPS),
    GoalFigure.CSAT: _score(RatingKind.CSAT),
    GoalFigure.CES: _score(RatingKind.CES),
    GoalFigure.ANSWERED_ON_TIME: _on_time,
    GoalFigure.FUNNEL_CONVERSION: _conversion,
    GoalFigure.STAGE_SIZE: _stage_size,
    GoalFigure.SEGMENT_SIZE: _segment_size,
    GoalFigure.AVERAGE_CLV: _clv("avg"),
    GoalFigure.TOTAL_CLV: _clv("sum"),
    GoalFigure.DATA_QUALITY: _quality,
}
