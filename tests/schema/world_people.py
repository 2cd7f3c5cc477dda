"""Customers of the generated organisation: how they are known and connected, in which stages and segments they are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import models
from crm.text import normalise
from models.base import new_id
from tests.schema.world import NAMES, START, World


def customers(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    world.add(
        models.Customer,
        24,
        kind=lambda: choice(list(models.CustomerKind)),
        display_name=lambda: choice(NAMES),
        given_name=lambda: maybe(choice(NAMES)),
        organization_name=lambda: maybe(choice(NAMES), 0.2),
        sort_name=lambda: choice(NAMES),
        country=lambda: maybe(choice(["IR", "DE"])),
        city=lambda: maybe(choice(["تهران", "Köln", "", "上海"])),
        birthday=lambda: maybe(world.day()),
        owner_id=lambda: maybe(world.pick(models.StaffMember).id),
        acquired_at=lambda: maybe(world.when()),
        custom_fields=lambda: choice([{}, {"vip": True, "n": 1.5}, {"text": 'a"ب', "none": None}]),
        archived_at=lambda: maybe(world.when(), 0.15),
        version=lambda: choice([1, 2, 2**31 - 1]),
    )
    kept = [row for row in world.of(models.Customer) if not row.archived_at][:2]
    merged = [row for row in world.of(models.Customer) if row.archived_at][-2:]
    for row, survivor in zip(merged, kept, strict=True):
        row.merged_into_id = survivor.id
    for row in world.of(models.Customer):
        row.search_text = normalise(row.display_name)
    world.add(
        models.Identity,
        20,
        customer_id=lambda: world.pick(models.Customer).id,
        kind=lambda: models.IdentityKind.EMAIL,
        value=lambda: "x",
        normalized=lambda: str(new_id()),
        is_primary=lambda: choice([True, False]),
        verified_at=lambda: maybe(world.when()),
    )
    pairs = {(a.id, b.id) for a, b in (world.random.sample(world.of(models.Customer), 2) for _ in range(20))}
    ends = iter(sorted(pairs, key=str))
    for pair in ends:
        world.add(
            models.Relationship,
            1,
            customer_id=lambda pair=pair: pair[0],
            related_id=lambda pair=pair: pair[1],
            kind=lambda: choice([models.RelationshipKind.INFLUENCES, models.RelationshipKind.PARTNER]),
            since=lambda: maybe(date(2020, 2, 29)),
            until=lambda: maybe(date(2024, 2, 29)),
            note=lambda: maybe(""),
        )


def paths(world: World, unique: Any) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    defaults = iter([True, False])
    world.add(
        models.Lifecycle,
        2,
        key=lambda: f"path{next(unique)}",
        name=lambda: choice(NAMES),
        is_default=lambda: next(defaults),
    )
    for lifecycle in world.of(models.Lifecycle):
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
        stages = [stage for stage in world.of(models.Stage) if stage.lifecycle_id == lifecycle.id]
        for first, second in zip(stages, stages[1:], strict=False):
            world.add(
                models.StageEdge,
                1,
                lifecycle_id=lambda own=lifecycle.id: own,
                from_stage_id=lambda first=first: first.id,
                to_stage_id=lambda second=second: second.id,
                guard=lambda: maybe({"country": {"eq": "IR"}}),
            )
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
