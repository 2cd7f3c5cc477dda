"""What was promised to customers."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from crm.access import Scope
from schema.enums import FollowUpStatus
from schema.interactions import Interaction
from schema.node import Node
from schema.select.declare import column, one, reads
from schema.select.order import By
from schema.staff import StaffMember

if TYPE_CHECKING:
    from schema.customers import Customer


@reads(models.FollowUp, scope=Scope.INTERACTION_READ, customers=["customer_id"], order=[By("due_at")])
class FollowUp(Node):
    """Something to do for a customer until a time."""

    customer: Annotated["Customer", strawberry.lazy("schema.customers")] = one("customer")
    owner: StaffMember | None = one("owner", description="Who is to do it.")
    interaction: Interaction | None = one("interaction", description="The touchpoint that it comes from.")
    subject: str = column()
    note: str = column()
    due_at: datetime = column()
    status: FollowUpStatus = column()
    closed_at: datetime | None = column()
    outcome: str | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
