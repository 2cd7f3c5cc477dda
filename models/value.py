"""What customers are worth: the daily roll-up, the runs that score it, and one snapshot a customer and run."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models.base import Record, Versioned, currency, money
from models.customer import Customer
from models.order import Product

if TYPE_CHECKING:
    from uuid import UUID


class RunStatus(StrEnum):
    RUNNING = "RUNNING"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class StrategicKind(StrEnum):
    """Why a customer matters beyond its numbers (Buttle)."""

    HIGH_LIFETIME_VALUE = "HIGH_LIFETIME_VALUE"
    BENCHMARK = "BENCHMARK"
    INSPIRATION = "INSPIRATION"
    COST_MAGNET = "COST_MAGNET"


class DesignationStatus(StrEnum):
    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"
    EXPIRED = "EXPIRED"


class CustomerDay(Record):
    """What a customer bought on one day, in the base currency, net of refunds; kept by the writers of orders.

    Money is counted in ten-thousandths, for PostgreSQL adds up integers several times as fast as numerics.
    `purchases` counts the orders that were not given back whole: a day without one is no purchase day, while a day of
    free goods is. `is_first` marks the customer's first purchase day, which the models leave out of its spend.
    `list_revenue` is the list price of what was kept, `uncosted_revenue` the part of the revenue whose cost of goods
    nobody recorded. The unique index covers all of them: a run reads everybody's days in its order.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="days", on_delete=fields.CASCADE
    )
    day = fields.DateField()
    revenue = fields.BigIntField()
    list_revenue = fields.BigIntField()
    cost_of_goods = fields.BigIntField()
    orders = fields.IntField()
    purchases = fields.IntField(default=0)
    is_first = fields.BooleanField(default=False)
    uncosted_revenue = fields.BigIntField(default=0)

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "customer_day"
        constraints = [UniqueConstraint(fields=("customer_id", "day"), name="uq_customer_day")]


class CustomerTotal(Record):
    """All days of a customer in sum, as a run reads everybody's; kept from `CustomerDay` by the same writers.

    `first_day` and `last_day` are those of purchases, `purchases` the number of such days, `first_revenue` what the
    first of them brought; `latest_day` is the last of any order: at an earlier moment the days have to be added up
    instead. Nobody without an order that counts has more than zeros. The unique index covers all of them.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="totals", on_delete=fields.CASCADE
    )
    first_day = fields.DateField(null=True)
    last_day = fields.DateField(null=True)
    latest_day = fields.DateField(null=True)
    purchases = fields.IntField()
    orders = fields.IntField()
    revenue = fields.BigIntField()
    first_revenue = fields.BigIntField()
    list_revenue = fields.BigIntField()
    cost_of_goods = fields.BigIntField()
    uncosted_revenue = fields.BigIntField()

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "customer_total"
        constraints = [UniqueConstraint(fields=("customer_id",), name="uq_customer_total")]


class ProductDay(Record):
    """What a customer bought of one product on one day, as the lines of its orders say; kept like `CustomerDay`.

    Only lines of orders that were kept, at least in part, and that name a product. Money is counted in ten-thousandths
    of the base currency; `uncosted_revenue` is the part of the revenue whose cost of goods nobody recorded. The unique
    index covers all of them.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="product_days", on_delete=fields.CASCADE
    )
    day = fields.DateField()
    # Without a constraint: the lines hold their products, and each row comes from one.
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "models.Product", related_name="days", db_constraint=False, on_delete=fields.NO_ACTION
    )
    revenue = fields.BigIntField()
    cost_of_goods = fields.BigIntField()
    uncosted_revenue = fields.BigIntField()

    if TYPE_CHECKING:
        customer_id: UUID
        product_id: UUID

    class Meta:
        table = "product_day"
        constraints = [UniqueConstraint(fields=("customer_id", "day", "product_id"), name="uq_product_day")]


class ValueRun(Versioned):
    """One computation of everybody's value: what it assumed, what it found, how far it got.

    `assumptions` are the settings that were in force, `parameters` what was fitted to the data: from both any customer
    can be scored again. `seen` is PostgreSQL's name of the moment at which the data were read.
    """

    as_of = fields.DatetimeField()
    status = fields.CharEnumField(RunStatus, max_length=9, default=RunStatus.RUNNING)
    is_current = fields.BooleanField(default=False)
    currency: fields.Field[str] = currency()
    model = fields.CharField(max_length=20, null=True)
    horizon_days = fields.IntField()
    clv_horizon_days = fields.IntField(default=1095)
    discount_rate: fields.Field[Decimal] = fields.DecimalField(max_digits=9, decimal_places=6)
    margin_basis = fields.CharField(max_length=20)
    assumptions: dict[str, Any] = fields.JSONField(default=dict)
    parameters: dict[str, Any] = fields.JSONField(default=dict)
    diagnostics: dict[str, Any] = fields.JSONField(default=dict)
    portfolio: dict[str, Any] = fields.JSONField(default=dict, db_default=SqlDefault("'{}'"))
    warnings: list[str] = fields.JSONField(default=list)
    customers = fields.IntField(default=0)
    progress = fields.IntField(default=0)
    step = fields.CharField(max_length=20, null=True)
    seen = fields.TextField(null=True)
    cancel_requested = fields.BooleanField(default=False)
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

    `lacks` says by bits why figures are null (`crm.value.lacks`), and `insufficient` what the bits cannot: both
    together are {figure: {reason, have, need}}. `fitted_on` is the key of the segment whose own models were used, null
    for those of all customers. The table is partitioned by run; its key is (customer, run).
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
    expected_order_value: fields.Field[Decimal | None] = money(null=True)
    contribution_rate = fields.FloatField(null=True)
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
    fitted_on = fields.CharField(max_length=80, null=True)
    contact_breadth = fields.SmallIntField(null=True)
    top_contact_share = fields.FloatField(null=True)
    satisfaction = fields.FloatField(null=True)
    ease = fields.FloatField(null=True)
    promises_kept = fields.FloatField(null=True)
    delivered_value = fields.FloatField(null=True)
    lacks = fields.IntField(default=0)
    insufficient: dict[str, Any] = fields.JSONField(default=dict)

    if TYPE_CHECKING:
        run_id: UUID
        customer_id: UUID

    class Meta:
        table = "value_snapshot"
        # The run comes last, for it is the same in a whole partition: sorting by it first takes twice as long.
        indexes = [
            ("clv", "customer_id", "run_id"),
            ("net_profit", "customer_id", "run_id"),
            ("rfm_group", "customer_id", "run_id"),
        ]
        constraints = [UniqueConstraint(fields=("customer_id", "run_id"), name="uq_value_snapshot")]


class StrategicDesignation(Versioned):
    """A customer named strategically significant: proposed by a rule with its evidence, confirmed by a person.

    A confirmed one holds until its review date; a dismissed one is not proposed again before that date.
    """

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="designations", on_delete=fields.CASCADE
    )
    kind = fields.CharEnumField(StrategicKind, max_length=20)
    status = fields.CharEnumField(DesignationStatus, max_length=9, default=DesignationStatus.PROPOSED)
    evidence: dict[str, Any] = fields.JSONField(default=dict)
    proposed_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=200, null=True)
    review_on = fields.DateField(null=True)
    note = fields.CharField(max_length=500, null=True)

    if TYPE_CHECKING:
        customer_id: UUID

    class Meta:
        table = "strategic_designation"
        indexes = [("status", "review_on"), ("customer_id", "proposed_at", "id")]
        constraints = [
            UniqueConstraint(
                fields=("customer_id", "kind"),
                name="uq_strategic_designation_open",
                condition="status IN ('PROPOSED', 'CONFIRMED')",
            ),
            CheckConstraint(
                check="status <> 'CONFIRMED' OR review_on IS NOT NULL", name="ck_strategic_designation_review"
            ),
        ]
