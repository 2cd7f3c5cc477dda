"""What the customers of the generated organisation did: orders, costs, touchpoints."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import models
from tests.schema.world import NAMES, World


def business(world: World, unique: Any) -> None:
    products(world, unique)
    orders(world)
    order_lines(world)
    costs(world)
    interactions(world)
    follow_ups(world)


def products(world: World, unique: Any) -> None:
    maybe, choice = world.maybe, world.random.choice
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


def orders(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
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


def order_lines(world: World) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
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


def costs(world: World) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
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


def interactions(world: World) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
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


def follow_ups(world: World) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    world.add(
        models.FollowUp,
        10,
        customer_id=lambda: pick(models.Customer).id,
        owner_id=lambda: maybe(pick(models.StaffMember).id),
        interaction_id=lambda: maybe(pick(models.Interaction).id),
        subject=lambda: choice(NAMES),
        due_at=world.when,
    )
