"""Exchange rates to the base currency."""

from datetime import date, datetime
from decimal import Decimal

import models
from crm.access import Scope
from schema.node import Node
from schema.select.declare import column, reads
from schema.select.order import By


@reads(models.ExchangeRate, scope=Scope.ORDER_READ, order=[By("day", descending=True)])
class ExchangeRate(Node):
    """How much of the base currency one unit of another was worth from a day on."""

    currency: str = column()
    day: date = column()
    rate: Decimal = column()
    created_at: datetime = column()
    updated_at: datetime = column()
