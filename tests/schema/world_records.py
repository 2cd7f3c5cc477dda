"""What was written down of the generated organisation, and who may and wants to hear it."""

from __future__ import annotations

from typing import Any

import models
from models.base import new_id
from tests.schema.world import NAMES, World


def records(world: World, unique: Any) -> None:
    history(world)
    tokens(world, unique)
    webhooks(world)
    deliveries(world)
    imports(world)
    custom_fields(world, unique)


def _actor(world: World) -> dict[str, Any]:
    choice = world.random.choice
    return {
        "actor_kind": lambda: choice(["STAFF", "TOKEN", "SYSTEM"]),
        "actor_id": lambda: world.maybe(new_id()),
        "actor_label": lambda: choice(NAMES),
    }


def _noted(world: World) -> dict[str, Any]:
    return {
        "noun": lambda: world.random.choice(["customer", "order"]),
        "noun_id": new_id,
        "customer_id": lambda: world.maybe(world.pick(models.Customer).id),
        "request_id": lambda: world.maybe("r"),
    }


def history(world: World) -> None:
    choice = world.random.choice
    positions = iter(range(2**40, 2**41))
    world.add(
        models.Event,
        20,
        type=lambda: choice(["customer.created", "order.recorded"]),
        data=lambda: {"a": [1, None]},
        position=lambda: next(positions),
        transaction_id=lambda: 1,
        **_noted(world),
        **_actor(world),
    )
    world.add(
        models.AuditEntry,
        10,
        action=lambda: "customer.update",
        changes=lambda: {"x": [None, "y"]},
        **_noted(world),
        **_actor(world),
    )


def tokens(world: World, unique: Any) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
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


def webhooks(world: World) -> None:
    maybe, choice = world.maybe, world.random.choice
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
        **_actor(world),
    )


def deliveries(world: World) -> None:
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
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


def imports(world: World) -> None:
    maybe = world.maybe
    world.add(
        models.ImportRun,
        2,
        kind=lambda: "orders",
        file_name=lambda: "a.csv",
        fingerprint=lambda: "f",
        finished_at=lambda: maybe(world.when()),
        refused=lambda: [{"line": 3}],
        **_actor(world),
    )


def custom_fields(world: World, unique: Any) -> None:
    choice = world.random.choice
    world.add(
        models.FieldDefinition,
        2,
        key=lambda: f"field{next(unique)}",
        label=lambda: choice(NAMES),
        type=lambda: models.FieldType.TEXT,
        choices=lambda: ["a", "ب"],
    )
