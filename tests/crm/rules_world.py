"""A small random organisation as plain rows by table, and the same rows in the database."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.models import Model

from crm.database import execute, fetch
from models import (
    CostEntry,
    Customer,
    FieldDefinition,
    FieldType,
    FollowUp,
    Identity,
    Interaction,
    Lifecycle,
    Order,
    OrderLine,
    Product,
    Relationship,
    Segment,
    SegmentMembership,
    Stage,
    StagePosition,
    StageTransition,
    StrategicDesignation,
    ValueRun,
    ValueSnapshot,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
Rows = dict[str, list[dict[str, Any]]]

MODELS: list[type[Model]] = [
    Lifecycle,
    Stage,
    Segment,
    ValueRun,
    Product,
    Customer,
    Identity,
    Relationship,
    Order,
    OrderLine,
    Interaction,
    FollowUp,
    CostEntry,
    StagePosition,
    StageTransition,
    SegmentMembership,
    ValueSnapshot,
    StrategicDesignation,
]

DEFINITIONS = [
    FieldDefinition(
        noun="customer", key="tier", label="Tier", labels={}, type=FieldType.CHOICE, choices=["gold", "silver"]
    ),
    FieldDefinition(noun="customer", key="height", label="Height", labels={}, type=FieldType.NUMBER, choices=[]),
    FieldDefinition(noun="customer", key="member", label="Member", labels={}, type=FieldType.BOOLEAN, choices=[]),
    FieldDefinition(noun="customer", key="joined", label="Joined", labels={}, type=FieldType.DATE, choices=[]),
    FieldDefinition(noun="customer", key="hobby", label="Hobby", labels={}, type=FieldType.TEXT, choices=[]),
]
NAMES = ["علي", "علی رضا", "Ali", "a_b", "50%", "José", "Zoë", "李"]
MONEY = [Decimal(amount) for amount in ("0", "10", "10.5", "50", "99.99")]


def key(kind: int, number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8{kind:03x}-{number:012x}")


class World:
    """Draws rows; every foreign key points at a drawn row."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.rows: Rows = {model._meta.db_table: [] for model in MODELS}

    def maybe(self, value: Any) -> Any:
        return value if self.dice.random() < 0.7 else None

    def pick(self, *values: Any) -> Any:
        return self.dice.choice(values)

    def time(self) -> datetime:
        return self.pick(NOW, NOW - timedelta(days=30), NOW - timedelta(hours=self.dice.randrange(1, 2_400)))

    def day(self) -> date:
        return self.time().date()

    def add(self, model: type[Model], **values: Any) -> dict[str, Any]:
        table = model._meta.db_table
        number = len(self.rows[table]) + 1
        kind = 0 if model is Customer else MODELS.index(model) + 1
        row = {"id": key(kind, number), "created_at": NOW, "updated_at": NOW, **values}
        for name, field in model._meta.fields_map.items():
            column = field.source_field or name
            if name in model._meta.fields_db_projection and name not in row and column not in row:
                row[name] = field.default() if callable(field.default) else field.default
        self.rows[table].append(row)
        return row


def draw(seed: int) -> Rows:
    """A world: two lifecycles, two segments, three to five customers and what belongs to them."""
    world = World(seed)
    lifecycles = [world.add(Lifecycle, key=name, name=name, is_default=name == "main") for name in ("main", "other")]
    stages = [
        world.add(Stage, lifecycle_id=lifecycle["id"], key=name, name=name, position=1)
        for lifecycle in lifecycles
        for name in ("client", "lost")
    ]
    segments = [world.add(Segment, key=name, name=name, kind="STATIC") for name in ("vip", "new")]
    runs = [
        world.add(
            ValueRun, as_of=NOW, status=status, is_current=status == "PUBLISHED", currency="EUR", horizon_days=365,
            discount_rate=Decimal("0.1"), margin_basis="RATE",
        )
        for status in ("RETIRED", "PUBLISHED")
    ]  # fmt: skip
    products = [
        world.add(Product, sku=f"p{n}", name=world.pick(*NAMES), category=world.pick("A", None)) for n in range(2)
    ]
    for _ in range(world.dice.randrange(3, 6)):
        customer(world)
    for row in world.rows["customer"]:
        belongings(world, row["id"], products)
        standing(world, row["id"], stages, segments, runs)
    return world.rows


def customer(world: World) -> None:
    custom = {"tier": "gold", "height": world.pick(1, 2.5), "member": world.pick(True, False), "joined": "2026-03-01"}
    custom |= {"hobby": world.pick(*NAMES)}
    wrong = {"height": "2", "joined": "2026-02-31", "member": 1}
    world.add(
        Customer,
        kind=world.pick("PERSON", "ORGANIZATION"),
        display_name=world.pick(*NAMES),
        given_name=world.maybe(world.pick(*NAMES, "")),
        sort_name="x",
        country=world.maybe(world.pick("IR", "CN")),
        city=world.maybe(world.pick(*NAMES)),
        birthday=world.maybe(world.pick(date(1990, 2, 28), date(1992, 2, 29), date(1980, 5, 3), date(1981, 4, 20))),
        acquisition_source=world.maybe("web"),
        acquired_at=world.maybe(world.time()),
        archived_at=world.pick(None, None, world.time()),
        custom_fields=world.pick(custom, {}, wrong),
        created_at=world.time(),
    )


def belongings(world: World, owner: UUID, products: list[dict[str, Any]]) -> None:
    for _ in range(world.dice.randrange(4)):
        order(world, owner, products)
    for _ in range(world.dice.randrange(2)):
        world.add(
            Interaction, customer_id=owner, channel="PHONE", direction="INBOUND", kind=world.pick("CALL", "VISIT"),
            occurred_at=world.time(), subject=world.pick("", *NAMES), cost=world.pick(Decimal(10), Decimal(5)),
            cost_currency=world.pick("EUR", "USD"),
            attribute_ratings=world.pick(None, {}, {"delivery": 3}, {"delivery": 5, "price": 2}, {"delivery": "5"}),
        )  # fmt: skip
    if world.dice.random() < 0.5:
        closed = world.maybe(world.time())
        world.add(
            FollowUp, customer_id=owner, subject=world.pick(*NAMES), due_at=world.time(), closed_at=closed,
            status=world.pick("DONE", "DROPPED") if closed else "OPEN", outcome=world.maybe("x"),
        )  # fmt: skip
    if world.dice.random() < 0.5:
        world.add(
            StrategicDesignation, customer_id=owner, kind="INSPIRATION", status=world.pick("PROPOSED", "DISMISSED"),
            proposed_at=world.time(), decided_at=world.maybe(world.time()), review_on=world.maybe(world.day()),
        )  # fmt: skip
    for _ in range(world.dice.randrange(2)):
        amount = world.pick(*MONEY)
        world.add(
            CostEntry, customer_id=owner, activity=world.pick("CALL", "VISIT"), occurred_at=world.time(),
            amount=amount, base_amount=amount, currency=world.pick("EUR", "USD"),
        )  # fmt: skip
    number = len(world.rows["identity"])
    world.add(Identity, customer_id=owner, kind="EMAIL", value=f"Ali{number}@x.ir", normalized=f"ali{number}@x.ir")
    other = world.pick(*world.rows["customer"])["id"]
    if other != owner:
        world.add(
            Relationship, customer_id=owner, related_id=other, kind=world.pick("REFERRED_BY", "PARTNER"),
            since=world.pick(None, date(2026, 3, 1)), until=world.pick(None, date(2026, 4, 20)),
        )  # fmt: skip


def order(world: World, owner: UUID, products: list[dict[str, Any]]) -> None:
    amount = world.pick(*MONEY)
    placed = world.add(
        Order,
        customer_id=owner,
        status=world.pick("COMPLETED", "CANCELLED"),
        placed_at=world.time(),
        amount=amount,
        list_amount=amount,
        base_amount=amount,
        cost_of_goods=world.maybe(Decimal(5)),
        currency=world.pick("EUR", "USD"),
        channel=world.maybe("web"),
        quantity=world.pick(1, 2, 5),
    )
    world.add(
        OrderLine, order_id=placed["id"], customer_id=owner, product_id=world.pick(None, *products) and
        world.pick(*products)["id"], unit_price=amount, amount=amount, quantity=world.pick(Decimal(1), Decimal("2.5")),
    )  # fmt: skip


def standing(
    world: World, owner: UUID, stages: list[dict[str, Any]], segments: list[dict[str, Any]], runs: list[dict[str, Any]]
) -> None:
    for stage in (world.pick(*stages[:2]), world.pick(None, *stages[2:])):
        if stage:
            place = {"customer_id": owner, "lifecycle_id": stage["lifecycle_id"]}
            world.add(StagePosition, **place, stage_id=stage["id"], entered_at=world.time())
            world.add(
                StageTransition, **place, to_stage_id=stage["id"], from_stage_id=world.maybe(stage["id"]),
                occurred_at=world.time(), cause="MANUAL", actor_kind="SYSTEM", actor_label="x",
            )  # fmt: skip
    for segment in segments:
        entered = NOW - timedelta(days=world.dice.randrange(10, 60))
        left = world.pick(None, entered + timedelta(days=world.dice.randrange(10)))
        if world.dice.random() < 0.6:
            world.add(
                SegmentMembership, segment_id=segment["id"], customer_id=owner, entered_at=entered, exited_at=left,
                entry_cause="MANUAL", exit_cause="MANUAL" if left else None,
            )  # fmt: skip
    for run in runs:
        if world.dice.random() < 0.8:
            world.add(
                ValueSnapshot, run_id=run["id"], customer_id=owner, as_of=NOW, clv=world.maybe(world.pick(*MONEY)),
                frequency=world.maybe(2), p_alive=world.maybe(0.5), rfm_group=world.maybe("LOYAL"),
                previous_rfm_group=world.maybe("CHAMPION"), rfm_changed_at=world.maybe(world.time()),
                next_order_on=world.maybe(world.day()), net_profit=world.maybe(world.pick(*MONEY)),
            )  # fmt: skip


async def store(rows: Rows) -> Rows:
    """Write the world into an empty database; the rows as the database has them."""
    for model in MODELS:
        await model.bulk_create([model(**row) for row in rows[model._meta.db_table]])
    for row in rows["customer"]:
        await execute("UPDATE customer SET created_at = $2 WHERE id = $1", row["id"], row["created_at"])
    stored = {table: await fetch(f'SELECT * FROM "{table}"') for table in rows}  # noqa: S608 - our own names
    result = {table: [dict(row) for row in found] for table, found in stored.items()}
    for row in result["customer"]:
        row["custom_fields"] = json.loads(row["custom_fields"])
    for row in result["interaction"]:
        row["attribute_ratings"] = json.loads(row["attribute_ratings"] or "null")
    return result
