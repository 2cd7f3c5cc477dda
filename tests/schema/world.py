"""A small organisation with everything in it that is hard to read: nulls, ties, empty lists, scripts, extremes."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import models
from crm.text import normalise
from models.base import new_id

START = datetime(2024, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
NAMES = [
    "علی رضایی",
    "李小龍",
    "Zoë O’Neil",
    "e\u0301",
    'quo"te \\ back',
    "𝒳 emoji 🦊",
    "tab\tline\nend",
    "A",
    "a",
    "Ä",
]
AMOUNTS = ["0", "0.0001", "10.5", "10.50", "9999999999999999.9999", "123456.789", "7"]


class World:
    """The rows, as the ORM made them, by model."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable data, no secret
        self.rows: dict[type[models.Record], list[Any]] = {}

    def of(self, model: type[models.Record]) -> list[Any]:
        return self.rows.get(model, [])

    def maybe(self, value: Any, chance: float = 0.6) -> Any:
        return value if self.random.random() < chance else None

    def when(self) -> datetime:
        """A moment; often one that another row has as well."""
        return START + timedelta(days=self.random.randrange(4), microseconds=self.random.choice([0, 0, 1, 250_000]))

    def day(self) -> date:
        return self.when().date()

    def amount(self) -> Decimal:
        return Decimal(self.random.choice(AMOUNTS))

    def pick(self, model: type[models.Record]) -> Any:
        return self.random.choice(self.of(model))

    def add(self, model: type[models.Record], count: int, **values: Any) -> None:
        made = [model(**{name: make() for name, make in values.items()}) for _ in range(count)]
        for row in made:
            row.created_at, row.updated_at = self.when(), self.when()
        self.rows[model] = [*self.of(model), *made]

    async def save(self) -> None:
        for model, rows in self.rows.items():
            await model.bulk_create(rows)
            for row in rows:  # bulk_create puts the present into times that set themselves
                await model.filter(id=row.id).update(created_at=row.created_at, updated_at=row.updated_at)


async def build(seed: int = 7) -> World:
    world = World(seed)
    pick, maybe, choice = world.pick, world.maybe, world.random.choice
    unique = iter(range(10_000))
    world.add(models.Role, 2, key=lambda: f"role{next(unique)}", name=lambda: choice(NAMES), scopes=lambda: ["a", "b"])
    world.add(
        models.StaffMember,
        3,
        email=lambda: f"s{next(unique)}@example.org",
        name=lambda: choice(NAMES),
        role_id=lambda: pick(models.Role).id,
        last_login_at=lambda: maybe(world.when()),
    )
    customers(world)
    paths(world, unique)
    business(world, unique)
    worth(world)
    records(world, unique)
    await world.save()
    return world


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
