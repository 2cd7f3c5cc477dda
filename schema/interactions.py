"""Touchpoints."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.connections import Connection
from schema.enums import Channel, Direction, InteractionKind, RatingKind, Sentiment
from schema.money import Money
from schema.node import Node
from schema.select.declare import column, connection, embedded, money, one, reads
from schema.select.order import By
from schema.staff import StaffMember

if TYPE_CHECKING:
    from schema.customers import Customer
    from schema.followups import FollowUp


@strawberry.type(description="What a customer said in numbers.")
class Rating:
    kind: RatingKind = column("rating_kind")
    value: int = column("rating", description="0 to 10, on the scale of its kind.")


@reads(
    models.Interaction,
    scope=Scope.INTERACTION_READ,
    customers=["customer_id"],
    order=[By("occurred_at", descending=True)],
)
class Interaction(Node):
    """One touchpoint: who met whom, how, when, and what came of it."""

    customer: Annotated["Customer", strawberry.lazy("schema.customers")] = one("customer")
    channel: Channel = column()
    direction: Direction = column()
    kind: InteractionKind = column()
    staff: StaffMember | None = one("staff")
    occurred_at: datetime = column()
    subject: str = column()
    body: str = column()
    outcome: str | None = column()
    sentiment: Sentiment | None = column()
    rating: Rating | None = embedded("{t.rating} IS NOT NULL")
    attribute_ratings: JSON | None = column(description="Ratings of single things, from 1 to 10.")
    duration_seconds: int | None = column()
    cost: Money | None = money("{t.cost}", "{t.cost_currency}", nullable=True, scope=Scope.COST_READ)
    answer_due_at: datetime | None = column()
    answered_at: datetime | None = column()
    source: str | None = column(description="The system that it was taken from.")
    reference: str | None = column(description="What that system calls it; never taken in twice.")
    follow_ups: Connection[Annotated["FollowUp", strawberry.lazy("schema.followups")]] = connection("follow_ups")
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
