"""The part of the schema that is asked for, as Strawberry types whose fields resolve themselves."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info


def plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def loaders(info: Info) -> Any:
    return info.context["loaders"]


@strawberry.enum
class Direction(Enum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.type
class Money:
    amount: str
    currency: str


@strawberry.type
class Stage:
    key: str


@strawberry.type
class StagePosition:
    stage: Stage


@strawberry.type
class Segment:
    key: str


@strawberry.type
class ValueMetrics:
    rfm_group: str | None
    frequency: int | None
    p_alive: float | None
    clv: Money | None


@strawberry.type
class Product:
    name: str


@strawberry.type
class OrderLine:
    position: int
    quantity: str
    amount: str
    product_key: strawberry.Private[UUID | None]

    @strawberry.field
    async def product(self, info: Info) -> Product | None:
        row = await loaders(info).product.load(self.product_key) if self.product_key else None
        return Product(name=row["name"]) if row else None


@strawberry.type
class OrderLines:
    nodes: list[OrderLine]


@strawberry.type
class Order:
    id: strawberry.ID
    placed_at: str
    amount: Money
    key: strawberry.Private[UUID]

    @strawberry.field
    async def lines(self, info: Info, first: int) -> OrderLines:
        rows = await loaders(info).lines.load(self.key)
        return OrderLines(
            nodes=[
                OrderLine(
                    position=row["position"],
                    quantity=plain(row["quantity"]),
                    amount=plain(row["amount"]),
                    product_key=row["product_id"],
                )
                for row in rows[:first]
            ]
        )


@strawberry.type
class Orders:
    nodes: list[Order]


@strawberry.type
class Interaction:
    id: strawberry.ID
    kind: str
    channel: str
    occurred_at: str


@strawberry.type
class Interactions:
    nodes: list[Interaction]


@strawberry.type
class StageMove:
    id: strawberry.ID
    to_stage: Stage


@strawberry.type
class StageMoves:
    nodes: list[StageMove]


@strawberry.type
class Membership:
    segment: Segment
    entered_at: str


@strawberry.type
class Memberships:
    nodes: list[Membership]


@strawberry.type
class Relationship:
    kind: str
    related_key: strawberry.Private[UUID]

    @strawberry.field
    async def related(self, info: Info) -> "Customer":
        return customer(await loaders(info).customer.load(self.related_key))


@strawberry.type
class Relationships:
    nodes: list[Relationship]


@strawberry.type
class Customer:
    id: strawberry.ID
    display_name: str
    country: str | None
    city: str | None
    version: int
    key: strawberry.Private[UUID]

    @strawberry.field
    async def stage(self, info: Info) -> StagePosition | None:
        row = await loaders(info).stage.load(self.key)
        return StagePosition(stage=Stage(key=row["key"])) if row else None

    @strawberry.field
    async def segments(self, info: Info) -> list[Segment]:
        return [Segment(key=row["key"]) for row in await loaders(info).segments.load(self.key)]

    @strawberry.field
    async def value_metrics(self, info: Info) -> ValueMetrics | None:
        row = await loaders(info).metrics.load(self.key)
        if row is None:
            return None
        clv = Money(amount=plain(row["clv"]), currency=row["currency"]) if row["clv"] is not None else None
        return ValueMetrics(rfm_group=row["rfm_group"], frequency=row["frequency"], p_alive=row["p_alive"], clv=clv)

    @strawberry.field
    async def orders(self, info: Info, first: int, direction: Direction = Direction.ASC) -> Orders:
        rows = await loaders(info).orders(first, direction.value).load(self.key)
        return Orders(
            nodes=[
                Order(
                    id=strawberry.ID(f"ord_{row['id']}"),
                    placed_at=moment(row["placed_at"]),
                    amount=Money(amount=plain(row["amount"]), currency=row["currency"]),
                    key=row["id"],
                )
                for row in rows
            ]
        )

    @strawberry.field
    async def interactions(self, info: Info, first: int) -> Interactions:
        rows = await loaders(info).interactions.load(self.key)
        return Interactions(
            nodes=[
                Interaction(
                    id=strawberry.ID(f"int_{row['id']}"),
                    kind=row["kind"],
                    channel=row["channel"],
                    occurred_at=moment(row["occurred_at"]),
                )
                for row in rows[:first]
            ]
        )

    @strawberry.field
    async def stage_history(self, info: Info, first: int) -> StageMoves:
        rows = await loaders(info).moves.load(self.key)
        return StageMoves(
            nodes=[
                StageMove(id=strawberry.ID(f"trn_{row['id']}"), to_stage=Stage(key=row["key"])) for row in rows[:first]
            ]
        )

    @strawberry.field
    async def memberships(self, info: Info, first: int) -> Memberships:
        rows = await loaders(info).stays.load(self.key)
        return Memberships(
            nodes=[
                Membership(segment=Segment(key=row["key"]), entered_at=moment(row["entered_at"]))
                for row in rows[:first]
            ]
        )

    @strawberry.field
    async def relationships(self, info: Info, first: int) -> Relationships:
        rows = await loaders(info).relationships.load(self.key)
        return Relationships(
            nodes=[Relationship(kind=row["kind"], related_key=row["related_id"]) for row in rows[:first]]
        )


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def customer(row: Any) -> Customer:
    return Customer(
        id=strawberry.ID(f"cus_{row['id']}"),
        display_name=row["display_name"],
        country=row["country"],
        city=row["city"],
        version=row["version"],
        key=row["id"],
    )


@strawberry.type
class Customers:
    nodes: list[Customer]


@strawberry.type
class Key:
    by: str
    value: str | None


@strawberry.type
class Group:
    keys: list[Key]
    count: int
    sum: str | None


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:
        row = await loaders(info).customer.load(UUID(id.removeprefix("cus_")))
        return customer(row) if row else None

    @strawberry.field
    async def customers(self, info: Info, first: int) -> Customers:
        return Customers(nodes=[customer(row) for row in await info.context["store"].page(first)])

    @strawberry.field
    async def found(self, info: Info, first: int, search: str, segment: str, spent: int, days: int) -> Customers:
        rows = await info.context["store"].filtered(first, search, segment, spent, days)
        return Customers(nodes=[customer(row) for row in rows])

    @strawberry.field
    async def customers_aggregate(self, info: Info) -> list[Group]:
        return [
            Group(
                keys=[Key(by="STAGE", value=row["key"]), Key(by="ACQUIRED_AT_MONTH", value=row["month"])],
                count=row["count"],
                sum=plain(row["sum"]) if row["sum"] is not None else None,
            )
            for row in await info.context["store"].grouped()
        ]


schema = strawberry.Schema(query=Query)
