"""The lifecycle that every organisation starts with."""

from __future__ import annotations

from dataclasses import dataclass

from crm import changes
from crm.access import Actor, Scope, need
from crm.database import transaction
from crm.events import EventType
from models import Lifecycle, Stage, StageEdge, StageOutcome


@dataclass(frozen=True, slots=True)
class StageSeed:
    key: str
    name: str
    outcome: StageOutcome = StageOutcome.OPEN
    target_days: int | None = None


STAGES = (
    StageSeed("suspect", "Suspect", target_days=30),
    StageSeed("prospect", "Prospect", target_days=60),
    StageSeed("first_time_buyer", "First-time buyer", target_days=90),
    StageSeed("repeat_buyer", "Repeat buyer", target_days=180),
    StageSeed("client", "Client"),
    StageSeed("advocate", "Advocate", StageOutcome.WON),
    StageSeed("partner", "Partner", StageOutcome.WON),
    StageSeed("dormant", "Dormant", target_days=365),
    StageSeed("lost", "Lost", StageOutcome.LOST),
)

# From → to; a purchase moves a customer by itself once guards and automatic moves are switched on.
EDGES = (
    ("suspect", "prospect"),
    ("suspect", "first_time_buyer"),
    ("prospect", "first_time_buyer"),
    ("first_time_buyer", "repeat_buyer"),
    ("repeat_buyer", "client"),
    ("client", "advocate"),
    ("client", "partner"),
    ("advocate", "partner"),
    ("first_time_buyer", "dormant"),
    ("repeat_buyer", "dormant"),
    ("client", "dormant"),
    ("advocate", "dormant"),
    ("dormant", "repeat_buyer"),
    ("dormant", "client"),
    ("suspect", "lost"),
    ("prospect", "lost"),
    ("first_time_buyer", "lost"),
    ("repeat_buyer", "lost"),
    ("client", "lost"),
    ("partner", "lost"),
    ("dormant", "lost"),
    ("lost", "prospect"),
)
REASON_NEEDED = frozenset({"lost"})


async def install(actor: Actor) -> Lifecycle:
    """Create the default lifecycle unless there is one; returns it."""
    need(actor, Scope.LIFECYCLE_WRITE)
    async with transaction():
        found = await Lifecycle.get_or_none(is_default=True)
        return found or await _create(actor)


async def _create(actor: Actor) -> Lifecycle:
    lifecycle = Lifecycle(key="default", name="Customer lifecycle", is_default=True)
    await changes.create(actor, lifecycle, EventType.LIFECYCLE_CREATED)
    stages = {
        seed.key: Stage(
            lifecycle_id=lifecycle.id,
            key=seed.key,
            name=seed.name,
            position=position,
            outcome=seed.outcome,
            is_initial=position == 1,
            target_days=seed.target_days,
        )
        for position, seed in enumerate(STAGES, start=1)
    }
    await Stage.bulk_create(stages.values())
    await StageEdge.bulk_create(
        StageEdge(
            lifecycle_id=lifecycle.id,
            from_stage_id=stages[start].id,
            to_stage_id=stages[end].id,
            position=position,
            requires_reason=end in REASON_NEEDED,
        )
        for position, (start, end) in enumerate(EDGES, start=1)
    )
    return lifecycle
