"""In which stages and segments the customers of the generated organisation are, and how they came there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import models
from models.base import new_id
from tests.schema.world import NAMES, START, World


def paths(world: World, unique: Any) -> None:
    lifecycles(world, unique)
    for lifecycle in world.of(models.Lifecycle):
        stages = stages_of(world, lifecycle, unique)
        edges(world, lifecycle, stages)
        positions(world, lifecycle, stages)
        transitions(world, lifecycle, stages)
    segments(world, unique)
    memberships(world)


def lifecycles(world: World, unique: Any) -> None:
    choice = world.random.choice
    defaults = iter([True, False])
    world.add(
        models.Lifecycle,
        2,
        key=lambda: f"path{next(unique)}",
        name=lambda: choice(NAMES),
        is_default=lambda: next(defaults),
    )


def stages_of(world: World, lifecycle: models.Lifecycle, unique: Any) -> list[models.Stage]:
    maybe, choice = world.maybe, world.random.choice
    world.add(
        models.Stage,
        4,
        lifecycle_id=lambda own=lifecycle.id: own,
        key=lambda: f"stage{next(unique)}",
        name=lambda: choice(NAMES),
        position=lambda: choice([1, 2]),
        outcome=lambda: choice(list(models.StageOutcome)),
        target_days=lambda: maybe(30),
        archived_at=lambda: maybe(world.when(), 0.2),
    )
    return [stage for stage in world.of(models.Stage) if stage.lifecycle_id == lifecycle.id]


def edges(world: World, lifecycle: models.Lifecycle, stages: list[models.Stage]) -> None:
    maybe = world.maybe
    for first, second in zip(stages, stages[1:], strict=False):
        world.add(
            models.StageEdge,
            1,
            lifecycle_id=lambda own=lifecycle.id: own,
            from_stage_id=lambda first=first: first.id,
            to_stage_id=lambda second=second: second.id,
            guard=lambda: maybe({"country": {"eq": "IR"}}),
        )


def positions(world: World, lifecycle: models.Lifecycle, stages: list[models.Stage]) -> None:
    maybe, choice = world.maybe, world.random.choice
    for customer in world.of(models.Customer):
        if maybe(True):
            world.add(
                models.StagePosition,
                1,
                customer_id=lambda own=customer.id: own,
                lifecycle_id=lambda own=lifecycle.id: own,
                stage_id=lambda stages=stages: choice(stages).id,
                entered_at=world.when,
            )


def transitions(world: World, lifecycle: models.Lifecycle, stages: list[models.Stage]) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    world.add(
        models.StageTransition,
        15,
        customer_id=lambda: pick(models.Customer).id,
        lifecycle_id=lambda own=lifecycle.id: own,
        from_stage_id=lambda stages=stages: maybe(choice(stages).id),
        to_stage_id=lambda stages=stages: choice(stages).id,
        occurred_at=world.when,
        dwell_seconds=lambda: choice([None, 0, 2**40]),
        cause=lambda: choice(list(models.TransitionCause)),
        reason=lambda: maybe(choice(NAMES)),
        actor_kind=lambda: choice(["STAFF", "TOKEN", "SYSTEM"]),
        actor_id=lambda: maybe(new_id()),
        actor_label=lambda: choice(NAMES),
    )


def segments(world: World, unique: Any) -> None:
    maybe, choice = world.maybe, world.random.choice
    world.add(
        models.Segment,
        4,
        key=lambda: f"seg{next(unique)}",
        name=lambda: choice(NAMES),
        kind=lambda: models.SegmentKind.STATIC,
        size=lambda: choice([0, 7]),
        evaluated_at=lambda: maybe(world.when()),
        archived_at=lambda: maybe(world.when(), 0.2),
    )


def memberships(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    for segment in world.of(models.Segment):
        for customer in world.of(models.Customer):
            if maybe(True, 0.3):
                gone = maybe(START + timedelta(days=9), 0.4)
                world.add(
                    models.SegmentMembership,
                    1,
                    segment_id=lambda own=segment.id: own,
                    customer_id=lambda own=customer.id: own,
                    entered_at=world.when,
                    exited_at=lambda gone=gone: gone,
                    entry_cause=lambda: choice(list(models.MembershipCause)),
                    exit_cause=lambda gone=gone: gone and models.MembershipCause.MANUAL,
                )
