"""What customers are worth, run by run."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

import models
from crm.access import Scope
from schema.enums import DesignationStatus, RunStatus, StrategicKind
from schema.money import Money
from schema.node import Node
from schema.select.declare import column, elements, money, one, reads, sql
from schema.select.kinds import Kind
from schema.select.order import By
from schema.select.render import Ask
from schema.select.rows import Row, table_of
from schema.select.sources import Rows

if TYPE_CHECKING:
    from schema.customers import Customer


RUNS = table_of(models.ValueRun)


def published_metrics(metrics: Row) -> str:
    """The condition of belonging to the current run."""
    return f"{metrics.run_id} = (SELECT r.id FROM {RUNS} r WHERE r.is_current)"


def metrics_of(row: Row, target: Row, ask: Ask) -> Rows:
    """A customer's figures in the current run, or in the last one that was published by a date."""
    at = ask.bound("asOf", "timestamptz")
    chosen = published_metrics(target)
    if at:
        chosen = (
            f"{target.run_id} = (SELECT r.id FROM {RUNS} r WHERE r.status IN ('PUBLISHED', 'RETIRED') "
            f"AND r.as_of <= {at} ORDER BY r.as_of DESC, r.id DESC LIMIT 1)"
        )
    return Rows((f"{target.customer_id} = {row.id}", chosen), seen=True)


def _figure(name: str, description: str | None = None) -> Any:
    """An amount in the currency of its run."""
    return money(f"{{t.{name}}}", "{t.alias_}r.currency", nullable=True, description=description)


@strawberry.type(description="What a value run has to say of itself, in a form that programs can tell in any language.")
class ValueNotice:
    code: str = column(
        description="NOT_FITTED, NO_HOLDOUT, WEAK_PARAMETER, NO_MEAN_SPEND, CORRELATED, SILENT, NO_MODEL, ALL_MODELS, "
        "COSTS_UNKNOWN; of a failure SUPERSEDED, INTERNAL_ERROR or the code of the refusal."
    )
    message: str = column(description="In English.")
    values: JSON = column(description="The values in the sentence; `segment` names the segment that it is about.")


def _notices(source: str) -> str:
    """Notices kept as JSON, as rows."""
    return (
        "(SELECT n.value ->> 'code' AS \"code\", n.value ->> 'message' AS \"message\", "
        "n.value -> 'values' AS \"values\", "
        f'n.ordinality AS "place" FROM jsonb_array_elements({source}) WITH ORDINALITY n)'
    )


@reads(models.ValueRun, scope=Scope.VALUE_READ, order=[By("as_of", descending=True)])
class ValueRun(Node):
    """One computation of everybody's value: what it assumed and what it found."""

    as_of: datetime = column()
    status: RunStatus = column()
    is_current: bool = column()
    currency: str = column()
    model: str | None = column()
    horizon_days: int = column()
    clv_horizon_days: int = column(description="For residual value.")
    discount_rate: Decimal = column()
    margin_basis: str = column()
    assumptions: JSON = column(description="The settings that were in force.")
    parameters: JSON = column()
    diagnostics: JSON = column(whole=True)
    warnings: list[str] = column(whole=True, description="The messages of `notices`.")
    notices: list[ValueNotice] = elements(
        _notices("coalesce({t.diagnostics} -> 'notices', '[]')"),
        order="{e.place}",
        whole=True,
        description="What to know before believing its figures.",
    )
    customers: int = column(whole=True)
    progress: int = column(description="In percent.")
    step: str | None = column(description="What the run does now: READ, FIT, WRITE or PUBLISH.")
    error: str | None = column(description="Why it failed, in English; `failure` tells the code.")
    failure: list[ValueNotice] = elements(
        _notices("coalesce('[]'::jsonb || ({t.diagnostics} -> 'failure'), '[]')"),
        order="{e.place}",
        whole=True,
        description="Why it failed or was called off; empty unless there was such a reason.",
    )
    created_at: datetime = column()
    published_at: datetime | None = column()
    finished_at: datetime | None = column()
    version: int = column()


@strawberry.type(description="Why a figure cannot be known.")
class InsufficientData:
    figure: str = column(description="The figure's name.")
    reason: str | None = column()
    have: float | None = column(description="How much there is.")
    need: float | None = column(description="How much is needed.")


@reads(
    models.ValueSnapshot,
    scope=Scope.VALUE_READ,
    customers=["customer_id"],
    beside=f" JOIN {RUNS} {{t.alias_}}r ON {{t.alias_}}r.id = {{t.run_id}}",
)
class ValueMetrics:
    """One customer's figures in one run; what cannot be known is null, and `insufficient` says why."""

    run: ValueRun = one("run")
    customer: Annotated["Customer", strawberry.lazy("schema.customers")] = one("customer")
    as_of: datetime = column()
    currency: str = sql("{t.alias_}r.currency")
    horizon_days: int = sql("{t.alias_}r.horizon_days", Kind.INT)
    clv_horizon_days: int = sql("{t.alias_}r.clv_horizon_days", Kind.INT)
    discount_rate: Decimal = sql("{t.alias_}r.discount_rate", Kind.DECIMAL)
    margin_basis: str = sql("{t.alias_}r.margin_basis")
    model: str | None = sql(
        "coalesce({t.alias_}r.parameters -> 'segments' -> (array_position(ARRAY(SELECT jsonb_array_elements_text("
        "{t.alias_}r.assumptions -> 'fit_segments')), {t.fitted_on}::text) - 1) ->> 'model', {t.alias_}r.model)"
    )
    fitted_on: str | None = column(
        description="Key of the segment whose own models were used; null: those of all customers."
    )
    recency_days: int | None = column()
    frequency: int | None = column()
    monetary: Money | None = _figure("monetary")
    recency_score: int | None = column()
    frequency_score: int | None = column()
    monetary_score: int | None = column()
    rfm_group: str | None = column()
    previous_rfm_group: str | None = column()
    rfm_changed_at: datetime | None = column()
    first_order_on: date | None = column()
    last_order_on: date | None = column()
    orders: int = column(description="How many orders counted.")
    revenue: Money | None = _figure("revenue")
    discounts: Money | None = _figure("discounts")
    cost_of_goods: Money | None = _figure("cost_of_goods")
    gross_margin: Money | None = _figure("gross_margin")
    cost_to_serve: Money | None = _figure("cost_to_serve")
    acquisition_cost: Money | None = _figure("acquisition_cost")
    net_profit: Money | None = _figure("net_profit")
    p_alive: float | None = column(description="The probability that the customer still buys.")
    churn_risk: float | None = column()
    expected_purchases: float | None = column(description="Purchases to expect within `horizonDays`.")
    expected_spend: Money | None = _figure("expected_spend", "What purchases within `horizonDays` will add up to.")
    expected_order_value: Money | None = _figure(
        "expected_order_value", "What one purchase to come is expected to amount to."
    )
    contribution_rate: float | None = column(description="Margin less cost to serve over revenue, as used for value.")
    expected_lifetime_days: float | None = column(
        description="For how many days of the next ten years it will probably still buy."
    )
    next_order_on: date | None = column(description="The median of when the next order comes.")
    next_order_low: date | None = column()
    next_order_high: date | None = column()
    clv_historical: Money | None = _figure("clv_historical")
    clv_residual: Money | None = _figure("clv_residual", "Lifetime value still to come, discounted.")
    clv: Money | None = _figure("clv", "Customer lifetime value: historical and residual together.")
    clv_low: Money | None = _figure("clv_low")
    clv_high: Money | None = _figure("clv_high")
    value_at_risk: Money | None = _figure("value_at_risk")
    allowable_acquisition: Money | None = _figure("allowable_acquisition")
    allowable_retention: Money | None = _figure("allowable_retention")
    growth_potential: Money | None = _figure("growth_potential")
    networking_potential: Money | None = _figure("networking_potential")
    learning_potential: Money | None = _figure("learning_potential")
    price_realisation: float | None = column()
    cost_to_serve_ratio: float | None = column()
    matrix_cell: str | None = column()
    value_tier: int | None = column(description="1 is best: the top 1, 5, 20 and 80 percent, and the rest.")
    contact_breadth: int | None = column(description="Staff with two or more contacts in a year.")
    top_contact_share: float | None = column()
    satisfaction: float | None = column(description="From ratings, 0 to 1.")
    ease: float | None = column(description="From effort ratings, 0 to 1.")
    promises_kept: float | None = column(description="Share of answers given on time.")
    delivered_value: float | None = column(description="Benefit less burden to the customer, -1 to 1.")
    insufficient: list[InsufficientData] = elements(
        '(SELECT f.key AS "figure", f.value ->> \'reason\' AS "reason", (f.value ->> \'have\')::float8 AS "have", '
        "(f.value ->> 'need')::float8 AS \"need\" FROM jsonb_each(value_lacks({t.lacks}) || {t.insufficient}) f)",
        order="{e.figure}",
        description="Why figures are null.",
    )


@reads(
    models.StrategicDesignation,
    scope=Scope.VALUE_READ,
    customers=["customer_id"],
    order=[By("proposed_at", descending=True)],
)
class StrategicDesignation(Node):
    """A customer that matters beyond its numbers: proposed by a rule, decided by a person, reviewed at a date."""

    customer: Annotated["Customer", strawberry.lazy("schema.customers")] = one("customer")
    kind: StrategicKind = column()
    status: DesignationStatus = column()
    evidence: JSON = column(description="What the rule found.")
    proposed_at: datetime = column()
    decided_at: datetime | None = column()
    decided_by: str | None = column()
    review_on: date | None = column()
    note: str | None = column()
    version: int = column()
