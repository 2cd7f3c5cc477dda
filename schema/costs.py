"""What acquiring and serving customers cost."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from crm.access import Scope
from schema.enums import CostActivity
from schema.money import Money
from schema.node import Node
from schema.orders import BASE_CURRENCY
from schema.select.declare import column, money, one, reads
from schema.select.order import By

if TYPE_CHECKING:
    from schema.customers import Customer


@reads(models.CostEntry, scope=Scope.COST_READ, customers=["customer_id"], order=[By("occurred_at", descending=True)])
class CostEntry(Node):
    """What acquiring or serving a customer cost."""

    customer: Annotated["Customer", strawberry.lazy("schema.customers")] = one("customer")
    activity: CostActivity = column()
    occurred_at: datetime = column()
    amount: Money = money("{t.amount}", "{t.currency}")
    exchange_rate: Decimal = column()
    base_amount: Money = money("{t.base_amount}", BASE_CURRENCY, description="The amount in the base currency.")
    note: str | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
