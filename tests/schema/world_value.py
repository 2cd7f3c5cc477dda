"""What the customers of the generated organisation are worth."""

from __future__ import annotations

from decimal import Decimal

import models
from tests.schema.world import NAMES, World


def worth(world: World) -> None:
    runs(world)
    snapshots(world)
    designations(world)


def runs(world: World) -> None:
    choice = world.random.choice
    current = iter([False, True])
    notice = {"code": "NO_HOLDOUT", "message": "ب", "values": {"days": 1.5, "نام": None}}
    told = iter([{"failure": notice}, {"notices": [notice, {"code": "SILENT", "message": "", "values": {}}]}])
    world.add(
        models.ValueRun,
        2,
        as_of=world.when,
        status=lambda: models.RunStatus.PUBLISHED,
        is_current=lambda: next(current),
        currency=lambda: "EUR",
        horizon_days=lambda: 365,
        discount_rate=lambda: Decimal("0.100000"),
        margin_basis=lambda: "REVENUE",
        warnings=lambda: choice([[], ["ب"]]),
        diagnostics=lambda: next(told),
    )


def snapshots(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    for run in world.of(models.ValueRun):
        for customer in world.of(models.Customer):
            if maybe(True):
                world.add(
                    models.ValueSnapshot,
                    1,
                    run_id=lambda run=run: run.id,
                    customer_id=lambda own=customer.id: own,
                    as_of=lambda run=run: run.as_of,
                    orders=lambda: choice([0, 3]),
                    revenue=lambda: maybe(world.amount()),
                    clv=lambda: maybe(world.amount()),
                    p_alive=lambda: maybe(choice([0.0, 1e-9, 1 / 3, 1.0])),
                    next_order_on=lambda: maybe(world.day()),
                    rfm_group=lambda: maybe("CHAMPION"),
                    recency_score=lambda: maybe(5),
                    insufficient=lambda: choice(
                        [{}, {"clv": {"reason": "NO_ORDERS", "have": 0, "need": 1}, "b": {"reason": "x"}}]
                    ),
                )


def designations(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
    for customer in world.of(models.Customer)[:8]:
        world.add(
            models.StrategicDesignation,
            1,
            customer_id=lambda own=customer.id: own,
            kind=lambda: choice(list(models.StrategicKind)),
            status=lambda: choice([models.DesignationStatus.PROPOSED, models.DesignationStatus.DISMISSED]),
            evidence=lambda: choice([{}, {"clv": 5.5, "نام": ["x", None]}]),
            proposed_at=world.when,
            decided_at=lambda: maybe(world.when()),
            decided_by=lambda: maybe(choice(NAMES)),
            review_on=lambda: maybe(world.day()),
            note=lambda: maybe("n"),
        )
