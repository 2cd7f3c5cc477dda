"""What the customers of the generated organisation did, what they are worth, and what was written down of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import models
from models.base import new_id
from tests.schema.world import NAMES, World


def business(world: World, unique: Any) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    world.add(
        models.Product,
        4,
        sku=lambda: f"sku{next(unique)}",
        name=lambda: choice(NAMES),
        category=lambda: maybe("c"),
        list_price=lambda: maybe(world.amount()),
        unit_cost=lambda: maybe(world.amount()),
        currency=lambda: "EUR",
    )
    buyers = world.of(models.Customer)[:15]
    world.add(
        models.Order,
        60,
        customer_id=lambda: choice(buyers).id,
        source=lambda: choice(["", "shop"]),
        status=lambda: choice(list(models.OrderStatus)),
        placed_at=world.when,
        amount=world.amount,
        list_amount=lambda: Decimal("9999999999999999.9999"),
        refunded=lambda: Decimal(0),
        cost_of_goods=lambda: maybe(world.amount()),
        currency=lambda: choice(["EUR", "IRR"]),
        exchange_rate=lambda: Decimal("1.0000000001"),
        base_amount=world.amount,
        base_cost=lambda: maybe(world.amount()),
        channel=lambda: maybe("web"),
        quantity=lambda: choice([0, 1, 5]),
    )
    for order in world.of(models.Order)[:40]:
        world.add(
            models.OrderLine,
            world.random.randrange(3),
            order_id=lambda own=order: own.id,
            customer_id=lambda own=order: own.customer_id,
            product_id=lambda: maybe(pick(models.Product).id),
            position=lambda: choice([1, 2]),
            unit_price=world.amount,
            amount=world.amount,
            cost_of_goods=lambda: maybe(world.amount()),
        )
    world.add(
        models.CostEntry,
        15,
        customer_id=lambda: pick(models.Customer).id,
        activity=lambda: choice(list(models.CostActivity)),
        occurred_at=world.when,
        amount=world.amount,
        currency=lambda: "EUR",
        base_amount=world.amount,
        note=lambda: maybe(choice(NAMES)),
    )
    world.add(
        models.Interaction,
        25,
        customer_id=lambda: pick(models.Customer).id,
        channel=lambda: choice(list(models.Channel)),
        direction=lambda: choice(list(models.Direction)),
        kind=lambda: choice(list(models.InteractionKind)),
        staff_id=lambda: maybe(pick(models.StaffMember).id),
        occurred_at=world.when,
        subject=lambda: choice(NAMES),
        sentiment=lambda: maybe(models.Sentiment.POSITIVE),
        duration_seconds=lambda: maybe(60),
        answered_at=lambda: maybe(world.when()),
    )
    for row in world.of(models.Interaction)[:12]:
        row.rating_kind, row.rating = models.RatingKind.NPS, world.random.randrange(11)
        row.cost, row.cost_currency = world.amount(), "EUR"
    world.add(
        models.FollowUp,
        10,
        customer_id=lambda: pick(models.Customer).id,
        owner_id=lambda: maybe(pick(models.StaffMember).id),
        interaction_id=lambda: maybe(pick(models.Interaction).id),
        subject=lambda: choice(NAMES),
        due_at=world.when,
    )


def worth(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
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
                    rfm_group=lambda: maybe("champions"),
                    recency_score=lambda: maybe(5),
                    insufficient=lambda: choice(
                        [{}, {"clv": {"reason": "NO_ORDERS", "have": 0, "need": 1}, "b": {"reason": "x"}}]
                    ),
                )
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


def records(world: World, unique: Any) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    actor: dict[str, Any] = {
        "actor_kind": lambda: choice(["STAFF", "TOKEN", "SYSTEM"]),
        "actor_id": lambda: maybe(new_id()),
        "actor_label": lambda: choice(NAMES),
    }
    noted: dict[str, Any] = {
        "noun": lambda: choice(["customer", "order"]),
        "noun_id": new_id,
        "customer_id": lambda: maybe(pick(models.Customer).id),
        "request_id": lambda: maybe("r"),
    }
    positions = iter(range(2**40, 2**41))
    world.add(
        models.Event,
        20,
        type=lambda: choice(["customer.created", "order.recorded"]),
        data=lambda: {"a": [1, None]},
        position=lambda: next(positions),
        transaction_id=lambda: 1,
        **noted,
        **actor,
    )
    world.add(
        models.AuditEntry, 10, action=lambda: "customer.update", changes=lambda: {"x": [None, "y"]}, **noted, **actor
    )
    world.add(
        models.ApiToken,
        2,
        name=lambda: choice(NAMES),
        token_hash=lambda: str(next(unique)),
        last_four=lambda: "abcd",
        scopes=lambda: [],
        expires_at=world.when,
        created_by_id=lambda: maybe(pick(models.StaffMember).id),
    )
    world.add(
        models.WebhookEndpoint,
        3,
        name=lambda: choice(NAMES),
        url=lambda: "https://example.com/hook",
        event_types=lambda: choice([["*"], ["customer.*", "order.recorded"]]),
        rule_text=lambda: maybe('country = "IR"'),
        api_version=lambda: "2026-11-22",
        secret_salt=lambda: "salt",
        secret_mark=lambda: "mark",
        failing_since=lambda: maybe(world.when()),
        archived_at=lambda: maybe(world.when()),
        **actor,
    )
    told = iter(world.of(models.Event))
    world.add(
        models.WebhookDelivery,
        12,
        endpoint_id=lambda: pick(models.WebhookEndpoint).id,
        event_id=lambda: choice([next(told).id, new_id()]),
        event_type=lambda: "customer.created",
        customer_id=lambda: maybe(pick(models.Customer).id),
        status=lambda: choice([models.DeliveryStatus.DELIVERED, models.DeliveryStatus.FAILED]),
        attempts=lambda: choice([1, 10]),
        response_status=lambda: maybe(200),
        response_excerpt=lambda: maybe(choice(NAMES)),
        error=lambda: maybe("answered 500"),
        duration_ms=lambda: maybe(12),
        tries=lambda: choice([[], [{"at": "2026-11-22", "status": None, "error": "ب", "ms": 1}]]),
    )
    world.add(
        models.ImportRun,
        2,
        kind=lambda: "orders",
        file_name=lambda: "a.csv",
        fingerprint=lambda: "f",
        finished_at=lambda: maybe(world.when()),
        refused=lambda: [{"line": 3}],
        **actor,
    )
    world.add(
        models.FieldDefinition,
        2,
        key=lambda: f"field{next(unique)}",
        label=lambda: choice(NAMES),
        type=lambda: models.FieldType.TEXT,
        choices=lambda: ["a", "ب"],
    )
