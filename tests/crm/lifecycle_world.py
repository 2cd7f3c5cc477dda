"""A small lifecycle for tests: new → buyer → loyal, with a way aside and one out."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from crm.lifecycle.definitions import Change, Defined
from models import Customer, Lifecycle, Stage, StageOutcome, StagePosition, StageTransition, TransitionCause
from tests.factories import NOW, OWNER

STAGES = (
    StageDefinition("new", "New", target_days=10, initial=True),
    StageDefinition("buyer", "Buyer", target_days=30),
    StageDefinition("loyal", "Loyal", StageOutcome.WON),
    StageDefinition("asleep", "Asleep", StageOutcome.IDLE),
    StageDefinition("gone", "Gone", StageOutcome.LOST),
)
EDGES = (
    EdgeDefinition("new", "buyer"),
    EdgeDefinition("buyer", "loyal"),
    EdgeDefinition("buyer", "asleep"),
    EdgeDefinition("loyal", "asleep"),
    EdgeDefinition("asleep", "buyer"),
    EdgeDefinition("new", "gone", requires_reason=True),
    EdgeDefinition("buyer", "gone", requires_reason=True),
    EdgeDefinition("asleep", "gone", requires_reason=True),
    EdgeDefinition("gone", "new"),
)


async def lifecycle(*edges: EdgeDefinition, stages: tuple[StageDefinition, ...] = STAGES) -> Lifecycle:
    """The small lifecycle, as the default one; with other edges if some are given."""
    return (await definitions.create(OWNER, Definition("small", "Small", stages, edges or EDGES))).lifecycle


async def alter(found: Lifecycle, change: Change, **replacements: str) -> Defined:
    return await definitions.change(OWNER, found.id, change, expected_version=None, now=NOW, replacements=replacements)


Walk = list[tuple[str, datetime]]
"""A customer's way: the stages it entered, and when."""


def walk(chance: random.Random, since: datetime, until: datetime) -> Walk:
    """A random way along the edges, from entering the lifecycle at some time in the period."""
    ways: dict[str, list[str]] = {}
    for edge in EDGES:
        ways.setdefault(edge.start, []).append(edge.end)
    at = since + (until - since) * chance.random()
    path = [("new", at)]
    while (key := path[-1][0]) in ways and (at := at + timedelta(days=chance.expovariate(1 / 40))) < until:
        path.append((chance.choice(ways[key]), at))
    return path


async def populate(found: Lifecycle, walks: list[Walk], **fields: Any) -> list[Customer]:
    """Customers who went these ways."""
    cast = [
        Customer(display_name=f"Customer {n}", sort_name=f"customer {n}", **{k: v[n] for k, v in fields.items()})
        for n in range(len(walks))
    ]
    await Customer.bulk_create(cast)
    stages = {stage.key: stage.id for stage in await Stage.filter(lifecycle_id=found.id)}
    moves = []
    for customer, path in zip(cast, walks, strict=True):
        before: str | None = None
        for key, at in path:
            moves.append(
                StageTransition(
                    customer_id=customer.id,
                    lifecycle_id=found.id,
                    from_stage_id=stages[before] if before else None,
                    to_stage_id=stages[key],
                    occurred_at=at,
                    cause=TransitionCause.IMPORT,
                    actor_kind="SYSTEM",
                    actor_label="test",
                )
            )
            before = key
    await StageTransition.bulk_create(moves)
    await StagePosition.bulk_create(
        StagePosition(
            customer_id=customer.id, lifecycle_id=found.id, stage_id=stages[path[-1][0]], entered_at=path[-1][1]
        )
        for customer, path in zip(cast, walks, strict=True)
    )
    return cast


def stood(path: Walk, at: datetime) -> str | None:
    """The stage that the moves before a time led to."""
    return next((key for key, entered in reversed(path) if entered < at), None)
