"""How far a goal is, compared with the time that is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from crm.access import Actor
from crm.goals.figures import FIGURES
from models import Goal


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


async def measured(actor: Actor, goal: Goal, *, now: datetime) -> Decimal | None:
    """The figure of a goal as it is now, over the time since the goal's start where it needs a period.

    Raises what the report of the figure raises, Forbidden.
    """
    value = await FIGURES[goal.figure].measure(actor, goal, now)
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
