"""How customers are connected."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from crm.access import Scope
from schema.enums import RelationshipKind
from schema.node import Node
from schema.select.declare import column, one, reads

if TYPE_CHECKING:
    from schema.customers import Customer


LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]


@reads(models.Relationship, scope=Scope.CUSTOMER_READ, customers=["customer_id", "related_id"])
class Relationship(Node):
    """A typed, dated link from one customer to another."""

    customer: LazyCustomer = one("customer", description="Whose link it is.")
    related: LazyCustomer = one("related", description="To whom it leads.")
    kind: RelationshipKind = column()
    since: date | None = column()
    until: date | None = column()
    note: str | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
