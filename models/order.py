"""What was offered, what was bought, and what serving it cost."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.contrib.postgres.indexes import HashIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned, currency, money, rate
from models.customer import Customer

if TYPE_CHECKING:
    from uuid import UUID


class OrderStatus(StrEnum):
    PLACED = "PLACED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class CostActivity(StrEnum):
    ACQUISITION = "ACQUISITION"
    SERVICE = "SERVICE"
    DELIVERY = "DELIVERY"
    RETURN = "RETURN"
    VISIT = "VISIT"
    CALL = "CALL"
    CASE = "CASE"
    MARKETING = "MARKETING"
    OTHER = "OTHER"


class Product(Versioned):
    """Something that can be bought."""

    sku = fields.CharField(max_length=80, unique=True)
    name = fields.CharField(max_length=200)
    category = fields.CharField(max_length=120, null=True)
    list_price: fields.Field[Decimal | None] = money(null=True)
    unit_cost: fields.Field[Decimal | None] = money(null=True)
    currency: fields.Field[str | None] = currency(null=True)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "product"
        indexes = [("category", "id"), ("name", "id")]
        constraints = [
            CheckConstraint(check="list_price IS NULL OR list_price >= 0", name="ck_product_list_price"),
            CheckConstraint(check="unit_cost IS NULL OR unit_cost >= 0", name="ck_product_unit_cost"),
        ]


class Order(Versioned):
    """A purchase.

    `amount` is net of discount, in `currency`; `base_amount` and `base_cost` are in the base currency at
    `exchange_rate`. `refunded` is the part of `amount` that was paid back.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="orders", on_delete=fields.CASCADE
    )
    source = fields.CharField(max_length=80, default="")
    reference = fields.CharField(max_length=120, null=True)
    status = fields.CharEnumField(OrderStatus, max_length=10, default=OrderStatus.COMPLETED)
    placed_at = fields.DatetimeField()
    amount: fields.Field[Decimal] = money()
    list_amount: fields.Field[Decimal] = money()
    refunded: fields.Field[Decimal] = money(default=Decimal(0))
    cost_of_goods: fields.Field[Decimal | None] = money(null=True)
    currency: fields.Field[str] = currency()
    exchange_rate: fields.Field[Decimal] = rate(default=Decimal(1))
    base_amount: fields.Field[Decimal] = money()
    base_cost: fields.Field[Decimal | None] = money(null=True)
    channel = fields.CharField(max_length=80, null=True)
    quantity = fields.IntField(default=1)

    if TYPE_CHECKING:
        customer_id: UUID
        lines: fields.ReverseRelation[OrderLine]

    class Meta:
        table = "order"
        indexes = [
            ("customer_id", "placed_at", "id"),
            ("placed_at", "id"),
            ("base_amount", "id"),
            # Staff look an order up by the number that the customer names.
            HashIndex(fields=("reference",), name="idx_order_reference"),
        ]
        constraints = [
            CheckConstraint(check="amount >= 0", name="ck_order_amount"),
            CheckConstraint(check="list_amount >= amount", name="ck_order_list_amount"),
            CheckConstraint(check="refunded BETWEEN 0 AND amount", name="ck_order_refunded"),
            CheckConstraint(check="exchange_rate > 0", name="ck_order_exchange_rate"),
            CheckConstraint(check="quantity >= 0", name="ck_order_quantity"),
            UniqueConstraint(
                fields=("customer_id", "source", "reference"),
                name="uq_order_reference",
                condition="reference IS NOT NULL",
            ),
        ]


class OrderLine(Record):
    """One product of an order; `customer_id` repeats the order's, so that the line stays with its customer."""

    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "models.Order", related_name="lines", on_delete=fields.CASCADE
    )
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="order_lines", on_delete=fields.CASCADE
    )
    product: fields.ForeignKeyNullableRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="order_lines", null=True, on_delete=fields.RESTRICT
    )
    position = fields.SmallIntField(default=1)
    description = fields.CharField(max_length=200, default="")
    quantity: fields.Field[Decimal] = money(default=Decimal(1))
    unit_price: fields.Field[Decimal] = money()
    discount: fields.Field[Decimal] = money(default=Decimal(0))
    amount: fields.Field[Decimal] = money()
    cost_of_goods: fields.Field[Decimal | None] = money(null=True)

    if TYPE_CHECKING:
        order_id: UUID
        customer_id: UUID
        product_id: UUID | None

    class Meta:
        table = "order_line"
        indexes = [("customer_id", "product_id"), ("order_id", "position"), ("product_id",)]
        constraints = [
            CheckConstraint(check="quantity > 0", name="ck_order_line_quantity"),
            CheckConstraint(check="amount >= 0", name="ck_order_line_amount"),
            CheckConstraint(check="discount >= 0", name="ck_order_line_discount"),
        ]


class CostEntry(Versioned):
    """What acquiring or serving a customer cost."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="cost_entries", on_delete=fields.CASCADE
    )
    activity = fields.CharEnumField(CostActivity, max_length=12)
    occurred_at = fields.DatetimeField()
    amount: fields.Field[Decimal] = money()
    currency: fields.Field[str] = currency()
    exchange_rate: fields.Field[Decimal] = rate(default=Decimal(1))
    base_amount: fields.Field[Decimal] = money()
    note = fields.CharField(max_length=300, null=True)

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "cost_entry"
        indexes = [("customer_id", "occurred_at", "id"), ("occurred_at", "id")]
        constraints = [
            CheckConstraint(check="amount >= 0", name="ck_cost_entry_amount"),
            CheckConstraint(check="exchange_rate > 0", name="ck_cost_entry_exchange_rate"),
        ]


class ExchangeRate(Record):
    """How much of the base currency one unit of another was worth from a day on."""

    currency: fields.Field[str] = currency()
    day = fields.DateField()
    rate: fields.Field[Decimal] = rate()

    class Meta:
        table = "exchange_rate"
        constraints = [
            UniqueConstraint(fields=("currency", "day"), name="uq_exchange_rate_day"),
            CheckConstraint(check="rate > 0", name="ck_exchange_rate_rate"),
        ]
