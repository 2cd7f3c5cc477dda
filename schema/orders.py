"""Orders and their lines."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from crm.access import Scope
from schema.connections import Connection
from schema.enums import OrderStatus
from schema.money import Money
from schema.node import Node
from schema.products import Product
from schema.select.declare import column, connection, money, one, reads
from schema.select.order import By

if TYPE_CHECKING:
    from schema.customers import Customer


LazyCustomer = Annotated["Customer", strawberry.lazy("schema.customers")]

BASE_CURRENCY = "(SELECT coalesce((SELECT s.value FROM organization_setting s WHERE s.key = 'base_currency'), 'USD'))"


@reads(models.Order, scope=Scope.ORDER_READ, customers=["customer_id"], order=[By("placed_at", descending=True)])
class Order(Node):
    """A purchase."""

    customer: LazyCustomer = one("customer")
    source: str = column(description="The system that the order comes from.")
    reference: str | None = column(description="Its number there.")
    status: OrderStatus = column()
    placed_at: datetime = column()
    amount: Money = money("{t.amount}", "{t.currency}", description="What was paid, after discount.")
    list_amount: Money = money("{t.list_amount}", "{t.currency}", description="Before discount.")
    refunded: Money = money("{t.refunded}", "{t.currency}", description="What was paid back of the amount.")
    cost_of_goods: Money | None = money("{t.cost_of_goods}", "{t.currency}", nullable=True)
    exchange_rate: Decimal = column(description="How much of the base currency one unit of the currency was worth.")
    base_amount: Money = money("{t.base_amount}", BASE_CURRENCY, description="The amount in the base currency.")
    base_cost: Money | None = money("{t.base_cost}", BASE_CURRENCY, nullable=True)
    channel: str | None = column()
    quantity: int = column(description="How many things were bought.")
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
    lines: Connection["OrderLine"] = connection("lines", order=[By("position")])


@reads(models.OrderLine, scope=Scope.ORDER_READ, customers=["customer_id"], order=[By("position")])
class OrderLine(Node):
    """One product of an order; its amounts are in the order's currency."""

    order: Order = one("order")
    product: Product | None = one("product")
    position: int = column()
    description: str = column()
    quantity: Decimal = column()
    unit_price: Decimal = column()
    discount: Decimal = column()
    amount: Decimal = column()
    cost_of_goods: Decimal | None = column()
