"""Products."""

from datetime import datetime

import models
from crm.access import Scope
from schema.money import Money
from schema.node import Node
from schema.select.declare import column, money, reads
from schema.select.order import By


@reads(models.Product, scope=Scope.PRODUCT_READ, order=[By("name")])
class Product(Node):
    """Something that can be bought."""

    sku: str = column()
    name: str = column()
    category: str | None = column()
    list_price: Money | None = money("{t.list_price}", "{t.currency}", nullable=True)
    unit_cost: Money | None = money("{t.unit_cost}", "{t.currency}", nullable=True, scope=Scope.COST_READ)
    archived_at: datetime | None = column()
    created_at: datetime = column()
    updated_at: datetime = column()
    version: int = column()
