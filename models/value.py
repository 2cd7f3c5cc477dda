"""What customers are worth: the daily roll-up, the runs that score it, and one snapshot a customer and run."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned, currency, money
from models.customer import Customer

if TYPE_CHECKING:
    from uuid import UUID


class RunStatus(StrEnum):
    RUNNING = "RUNNING"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class CustomerDay(Record):
    """What a customer bought on one day, in the base currency, net of refunds; kept by the writers of orders."""

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="days", on_delete=fields.CASCADE
    )
    day = fields.DateField()
    revenue: fields.Field[Decimal] = money()
    list_revenue: fields.Field[Decimal] = money()
    cost_of_goods: fields.Field[Decimal] = money()
    orders = fields.IntField()

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "customer_day"
        constraints = [UniqueConstraint(fields=("customer_id", "day"), name="uq_customer_day")]


class ValueRun(Versioned):
    """One computation of everybody's value: what it assumed, what it found, how far it got."""

    as_of = fields.DatetimeField()
    status = fields.CharEnumField(RunStatus, max_length=9, default=RunStatus.RUNNING)
    is_current = fields.BooleanField(default=False)
    currency: fields.Field[str] = currency()
    model = fields.CharField(max_length=20, null=True)
    horizon_days = fields.IntField()
    discount_rate: fields.Field[Decimal] = fields.DecimalField(max_digits=9, decimal_places=6)
    margin_basis = fields.CharField(max_length=20)
    parameters: dict[str, Any] = fields.JSONField(default=dict)
    diagnostics: dict[str, Any] = fields.JSONField(default=dict)
    warnings: list[str] = fields.JSONField(default=list)
    customers = fields.IntField(default=0)
    progress = fields.IntField(default=0)
    error = fields.TextField(null=True)
    published_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "value_run"
        indexes = [("as_of", "id")]
        constraints = [
            UniqueConstraint(fields=("is_current",), name="uq_value_run_current", condition="is_current"),
            CheckConstraint(check="NOT is_current OR status = 'PUBLISHED'", name="ck_value_run_current"),
        ]


class ValueSnapshot(Record):
    """One customer's figures in one run; money in the run's currency, null where the figure cannot be known.

    `insufficient` says why a figure is null: {figure: {reason, have, need}}.
    """

    run: fields.ForeignKeyRelation[ValueRun] = fields.ForeignKeyField(
        "models.ValueRun", related_name="snapshots", on_delete=fields.CASCADE
    )
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="value_snapshots", on_delete=fields.CASCADE
    )
    as_of = fields.DatetimeField()
    recency_days = fields.IntField(null=True)
    frequency = fields.IntField(null=True)
    monetary: fields.Field[Decimal | None] = money(null=True)
    recency_score = fields.SmallIntField(null=True)
    frequency_score = fields.SmallIntField(null=True)
    monetary_score = fields.SmallIntField(null=True)
    rfm_group = fields.CharField(max_length=24, null=True)
    previous_rfm_group = fields.CharField(max_length=24, null=True)
    rfm_changed_at = fields.DatetimeField(null=True)
    first_order_on = fields.DateField(null=True)
    last_order_on = fields.DateField(null=True)
    orders = fields.IntField(default=0)
    revenue: fields.Field[Decimal | None] = money(null=True)
    discounts: fields.Field[Decimal | None] = money(null=True)
    cost_of_goods: fields.Field[Decimal | None] = money(null=True)
    gross_margin: fields.Field[Decimal | None] = money(null=True)
    cost_to_serve: fields.Field[Decimal | None] = money(null=True)
    acquisition_cost: fields.Field[Decimal | None] = money(null=True)
    net_profit: fields.Field[Decimal | None] = money(null=True)
    p_alive = fields.FloatField(null=True)
    churn_risk = fields.FloatField(null=True)
    expected_purchases = fields.FloatField(null=True)
    expected_spend: fields.Field[Decimal | None] = money(null=True)
    expected_lifetime_days = fields.FloatField(null=True)
    next_order_on = fields.DateField(null=True)
    next_order_low = fields.DateField(null=True)
    next_order_high = fields.DateField(null=True)
    clv_historical: fields.Field[Decimal | None] = money(null=True)
    clv_residual: fields.Field[Decimal | None] = money(null=True)
    clv: fields.Field[Decimal | None] = money(null=True)
    clv_low: fields.Field[Decimal | None] = money(null=True)
    clv_high: fields.Field[Decimal | None] = money(null=True)
    value_at_risk: fields.Field[Decimal | None] = money(null=True)
    allowable_acquisition: fields.Field[Decimal | None] = money(null=True)
    allowable_retention: fields.Field[Decimal | None] = money(null=True)
    growth_potential: fields.Field[Decimal | None] = money(null=True)
    networking_potential: fields.Field[Decimal | None] = money(null=True)
    learning_potential: fields.Field[Decimal | None] = money(null=True)
    price_realisation = fields.FloatField(null=True)
    cost_to_serve_ratio = fields.FloatField(null=True)
    matrix_cell = fields.CharField(max_length=20, null=True)
    value_tier = fields.SmallIntField(null=True)
    insufficient: dict[str, Any] = fields.JSONField(default=dict)

    if TYPE_CHECKING:
        run_id: UUID
        customer_id: UUID

    class Meta:
        table = "value_snapshot"
        indexes = [
            ("customer_id", "as_of"),
            ("run_id", "clv", "customer_id"),
            ("run_id", "net_profit", "customer_id"),
            ("run_id", "rfm_group", "customer_id"),
        ]
        constraints = [UniqueConstraint(fields=("run_id", "customer_id"), name="uq_value_snapshot")]
