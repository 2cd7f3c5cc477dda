"""Amounts."""

from decimal import Decimal

import strawberry

from schema.select.declare import part


@strawberry.type(description="An exact amount in a currency.")
class Money:
    amount: Decimal = part("The amount, exact, as a string.")
    currency: str = part("The ISO 4217 code.")
